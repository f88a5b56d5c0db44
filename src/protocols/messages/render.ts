import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import { estimateInput } from "../../model/estimate.ts";
import type { Rendered } from "../../model/protocol.ts";
import { type Entry, type Group, groupsOf } from "../groups.ts";
import { outputBound } from "../output-bound.ts";
import { refuseReserved } from "../reserved-options.ts";
import { strictSchemaOf } from "../schema.ts";
import { renderBlock } from "./blocks.ts";
import { CacheMarks } from "./cache-marks.ts";
import { Rendering } from "./rendering.ts";
import { renderSampling } from "./sampling.ts";
import { type OutputBound, planThinking } from "./thinking.ts";
import { renderToolChoice, renderTools } from "./tools.ts";
import type { Block, Message, MessagesBody, OutputConfig, Prompt } from "./wire.ts";

/** The version of the API that this dialect is. */
const version = "2023-06-01";
/** Output limit where neither the request nor the catalogue names one: the least of any model. */
const maxTokensDefault = 4096;
/** Our words for the service tiers of this API. */
const tiers: ReadonlyMap<string, string> = new Map([
  ["auto", "auto"],
  ["standard_only", "standard_only"],
  ["priority", "auto"],
  ["standard", "standard_only"],
  ["default", "standard_only"],
]);

/** The request of /messages. */
export function render(attempt: Attempt): Rendered<MessagesBody> {
  const rendering = new Rendering(attempt);
  const { request } = rendering;
  const bound = boundOf(rendering);
  const { prompt, maxTokens } = renderPrompt(rendering, bound);
  const options = takeOptions(rendering);
  const body: MessagesBody = {
    ...prompt,
    max_tokens: maxTokens,
    ...(attempt.call.stream ? { stream: true } : {}),
    ...renderSampling(rendering, prompt.thinking),
    ...(request.endUserId === "" ? {} : { metadata: { user_id: request.endUserId } }),
    ...renderTier(rendering),
    ...options,
  };
  return { path: "/messages", body, headers: headersOf(rendering), warnings: rendering.warnings };
}

/** The request of /messages/count_tokens: the same prompt, without what shapes the answer. */
export function renderCount(attempt: Attempt): Rendered<Prompt> {
  const rendering = new Rendering(attempt);
  const { prompt } = renderPrompt(rendering, boundOf(rendering));
  takeOptions(rendering);
  return {
    path: "/messages/count_tokens",
    body: prompt,
    headers: headersOf(rendering),
    warnings: rendering.warnings,
  };
}

/** The provider options but for anthropic_beta, which goes into a header. */
function takeOptions(rendering: Rendering): JsonObject {
  const { anthropic_beta: betas = [], ...options } = rendering.options(rendering.request.providerOptions);
  refuseReserved(options, rendering);
  if (Object.hasOwn(options, "max_tokens")) {
    throw rendering.invalid("provider_options.max_tokens", "is set by max_output_tokens alone");
  }
  for (const beta of Array.isArray(betas) ? betas : [betas]) {
    if (typeof beta !== "string" || !/^[\w.,-]+$/.test(beta)) {
      throw rendering.invalid("provider_options.anthropic_beta", "must be one or more names of beta features");
    }
    rendering.betas.add(beta);
  }
  return options;
}

function headersOf({ betas }: Rendering): Record<string, string> {
  const beta = betas.size === 0 ? {} : { "anthropic-beta": [...betas].join(",") };
  return { "anthropic-version": version, ...beta };
}

function renderPrompt(rendering: Rendering, bound: OutputBound): { prompt: Prompt; maxTokens: number } {
  const { request, target } = rendering;
  const marks = new CacheMarks(rendering);
  const tools = renderTools(request.tools, marks, rendering);
  const { system: systemEntries, groups, moved, named } = groupsOf(request);
  for (const path of moved) rendering.changed(path, "system messages are merged at the front");
  for (const path of named) rendering.ignored(`${path}.name`, "participants have no names here");
  const system = renderSystem(systemEntries, marks, rendering);
  const messages = alternating(groups.flatMap((group) => renderGroup(group, marks, rendering)));
  if (messages.length === 0) throw rendering.invalid("messages", "at least one message with content is required");
  marks.settle();
  const choice = renderToolChoice(rendering);
  const { thinking, effort, maxTokens } = planThinking(rendering, bound, choice, messages);
  const output: OutputConfig = { ...(effort === undefined ? {} : { effort }), ...renderFormat(rendering) };
  const prompt: Prompt = {
    model: target.model,
    messages,
    ...(system === undefined ? {} : { system }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
  };
  return { prompt, maxTokens };
}

function boundOf(rendering: Rendering): OutputBound {
  const wanted = outputBound(rendering);
  if (wanted !== undefined) return { maxTokens: wanted, isFixed: true };
  const { maxOutputTokens: most, contextWindow } = rendering.target.facts;
  if (most === 0) return { maxTokens: maxTokensDefault, isFixed: false };
  const room = contextWindow === 0 ? most : contextWindow - estimateInput(rendering.request);
  // Input that all but fills the window keeps some output: the estimate may be too high, and the provider knows.
  return { maxTokens: Math.min(most, Math.max(room, maxTokensDefault)), isFixed: true };
}

function renderSystem(entries: readonly Entry[], marks: CacheMarks, rendering: Rendering): Prompt["system"] {
  for (const { part, path } of entries) {
    if (part.part.case !== "text") throw rendering.unsupported(path, "system_media", "a system message is text only");
  }
  const blocks = entries.flatMap((entry) => renderEntry(entry, marks, rendering));
  const [only] = blocks;
  if (only === undefined) return undefined;
  const isPlain = blocks.length === 1 && Object.keys(only).length === 2 && typeof only["text"] === "string";
  return isPlain ? String(only["text"]) : blocks;
}

function renderGroup({ role, entries }: Group, marks: CacheMarks, rendering: Rendering): Message[] {
  const content = entries.flatMap((entry) => renderEntry(entry, marks, rendering));
  const cited = entries.find(({ part }) => part.citations.length > 0);
  if (cited !== undefined)
    rendering.dropped(`${cited.path}.citations`, "citations of earlier answers are not sent back");
  return content.length === 0 ? [] : [{ role, content }];
}

/** Joins neighbours of the same role, which meet when all of a message between them was dropped. */
function alternating(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role !== message.role) joined.push(message);
    else joined[joined.length - 1] = { role: last.role, content: resultsFirst([...last.content, ...message.content]) };
  }
  return joined;
}

/** Joining can bring text before the results of tools, which the API wants first. */
function resultsFirst(content: readonly Block[]): Block[] {
  const isResult = ({ type }: Block) => type === "tool_result";
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

function renderEntry({ part, path }: Entry, marks: CacheMarks, rendering: Rendering): Block[] {
  const block = renderBlock(part, path, rendering);
  if (block === undefined) return [];
  const full: Block = { ...block, ...rendering.options(part.providerOptions) };
  const isThinking = block.type === "thinking" || block.type === "redacted_thinking";
  if (!isThinking) marks.put(full, part.cacheHint, path);
  else if (part.cacheHint !== undefined) rendering.ignored(`${path}.cache_hint`, "reasoning takes no cache hint");
  return [full];
}

function renderFormat(rendering: Rendering): Pick<OutputConfig, "format"> {
  const format = rendering.request.responseFormat?.format;
  if (format?.case === "jsonObject") {
    rendering.ignored("response_format.json_object", "JSON without a schema cannot be asked for; give a json_schema");
  }
  if (format?.case !== "jsonSchema") return {};
  const schema = strictSchemaOf(format.value, rendering);
  return schema === undefined ? {} : { format: { type: "json_schema", schema } };
}

function renderTier(rendering: Rendering): Pick<MessagesBody, "service_tier"> {
  const wanted = rendering.request.serviceTier;
  if (wanted === "") return {};
  const tier = tiers.get(wanted);
  if (tier === undefined) {
    rendering.ignored("service_tier", `"${wanted}" is not a tier here`);
    return {};
  }
  if (tier !== wanted) rendering.changed("service_tier", `"${tier}" is used for "${wanted}"`);
  return { service_tier: tier };
}

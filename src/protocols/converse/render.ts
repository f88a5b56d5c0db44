import type { JsonObject } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { objectOf } from "../field.ts";
import { type Entry, type Group, groupsOf } from "../groups.ts";
import { refuseReserved } from "../reserved-options.ts";
import { renderForm } from "./answer-form.ts";
import { renderBlock } from "./blocks.ts";
import { CachePoints, type Slot, withPoints } from "./cache-points.ts";
import { renderInference } from "./inference.ts";
import { baseModelOf, modelPath, vendorOf } from "./model-id.ts";
import { Rendering } from "./rendering.ts";
import { tierOf } from "./tier.ts";
import { renderToolConfig, renderTools } from "./tools.ts";
import type { Block, ConverseBody, Message, Prompt } from "./wire.ts";

/** The request of converse or converse-stream. */
export function render(attempt: Attempt): Rendered<ConverseBody> {
  const rendering = new Rendering(attempt);
  const body = bodyOf(rendering);
  const path = modelPath(attempt.target.model, attempt.call.stream ? "converse-stream" : "converse");
  return { path, body, warnings: rendering.warnings };
}

/** The request of count-tokens, which knows models by their own ids only. */
export function renderCount(attempt: Attempt): Rendered {
  const rendering = new Rendering(attempt);
  const { messages, system, toolConfig, additionalModelRequestFields } = bodyOf(rendering);
  const converse = {
    messages,
    ...(system && { system }),
    ...(toolConfig && { toolConfig }),
    ...(additionalModelRequestFields && { additionalModelRequestFields }),
  } satisfies Prompt;
  const path = modelPath(baseModelOf(attempt.target.model), "count-tokens");
  return { path, body: { input: { converse } }, warnings: rendering.warnings };
}

function bodyOf(rendering: Rendering): ConverseBody {
  const { request, target } = rendering;
  const { inferenceConfig, additionalModelRequestFields, outputConfig, ...others } = takeOptions(rendering);
  const form = renderForm(rendering);
  const { messages, system, toolConfig } = renderPrompt(rendering, form.tool);
  const { config, effort, more } = renderInference(rendering, toolConfig, messages);
  if (request.endUserId !== "") rendering.ignored("end_user_id", "the API takes no id of an end user");
  const tier = tierOf(rendering);
  const output = {
    ...(form.textFormat === undefined ? {} : { textFormat: form.textFormat }),
    ...(effort === undefined ? {} : { effort }),
  };
  // Which sequence stopped it a model of Anthropic says in its own format only.
  const tellsStop = vendorOf(target.model) === "anthropic" && config.stopSequences !== undefined;
  return {
    messages,
    ...(system === undefined ? {} : { system }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
    ...filled("inferenceConfig", { ...config, ...objectOf(inferenceConfig) }),
    ...filled("additionalModelRequestFields", { ...more, ...objectOf(additionalModelRequestFields) }),
    ...filled("outputConfig", { ...output, ...objectOf(outputConfig) }),
    ...(tier === undefined ? {} : { serviceTier: { type: tier } }),
    ...(tellsStop ? { additionalModelResponseFieldPaths: ["/stop_sequence"] } : {}),
    ...others,
  };
}

/** A member unless it is empty. */
function filled(name: string, value: object): Record<string, object> {
  return Object.keys(value).length === 0 ? {} : { [name]: value };
}

/** The provider options, without what is the gateway's to set. */
function takeOptions(rendering: Rendering): JsonObject {
  const options = rendering.options(rendering.request.providerOptions);
  refuseReserved(options, rendering);
  const own = objectOf(options["additionalModelRequestFields"]) ?? {};
  const place = "provider_options.additionalModelRequestFields";
  refuseReserved(own, rendering, place);
  const limit = "is set by max_output_tokens alone";
  if (Object.hasOwn(own, "max_tokens")) throw rendering.invalid(`${place}.max_tokens`, limit);
  if (Object.hasOwn(objectOf(options["inferenceConfig"]) ?? {}, "maxTokens")) {
    throw rendering.invalid("provider_options.inferenceConfig.maxTokens", limit);
  }
  return options;
}

function renderPrompt(rendering: Rendering, answerTool: Block | undefined): Prompt {
  const points = new CachePoints(rendering);
  const tools = renderTools(points, rendering);
  const { system, groups, moved, named } = groupsOf(rendering.request);
  for (const path of moved) rendering.changed(path, "system messages are merged at the front");
  for (const path of named) rendering.ignored(`${path}.name`, "participants have no names here");
  const front = renderSystem(system, points, rendering);
  const turns = alternating(groups.flatMap((group) => renderGroup(group, points, rendering)));
  if (turns.length === 0) throw rendering.invalid("messages", "at least one message with content is required");
  points.settle();
  const messages = turns.map(({ role, slots }): Message => ({ role, content: withPoints(slots) }));
  const toolConfig = renderToolConfig(tools, answerTool, messages, rendering);
  return {
    messages,
    ...(front.length === 0 ? {} : { system: withPoints(front) }),
    ...(toolConfig === undefined ? {} : { toolConfig }),
  };
}

function renderSystem(entries: readonly Entry[], points: CachePoints, rendering: Rendering): Slot[] {
  for (const { part, path } of entries) {
    if (part.part.case !== "text" && part.part.case !== "providerPart") {
      throw rendering.unsupported(path, "system_media", "a system message is text only");
    }
  }
  return entries.flatMap((entry) => renderEntry(entry, points, rendering));
}

interface Turn {
  readonly role: Message["role"];
  readonly slots: readonly Slot[];
}

function renderGroup({ role, entries }: Group, points: CachePoints, rendering: Rendering): Turn[] {
  const slots = entries.flatMap((entry) => renderEntry(entry, points, rendering));
  const cited = entries.find(({ part }) => part.citations.length > 0);
  if (cited !== undefined)
    rendering.dropped(`${cited.path}.citations`, "citations of earlier answers are not sent back");
  return slots.length === 0 ? [] : [{ role, slots }];
}

function renderEntry({ part, path }: Entry, points: CachePoints, rendering: Rendering): Slot[] {
  const block = renderBlock(part, path, rendering);
  return block === undefined ? [] : [points.slot(block, part.cacheHint, path)];
}

/** Joins neighbours of the same role, which meet when all of a message between them was dropped; results of tools stay first. */
function alternating(turns: readonly Turn[]): Turn[] {
  const joined: Turn[] = [];
  for (const turn of turns) {
    const last = joined.at(-1);
    if (last?.role !== turn.role) joined.push(turn);
    else joined[joined.length - 1] = { role: last.role, slots: resultsFirst([...last.slots, ...turn.slots]) };
  }
  return joined;
}

function resultsFirst(slots: readonly Slot[]): Slot[] {
  const isResult = ({ block }: Slot) => "toolResult" in block;
  return [...slots.filter(isResult), ...slots.filter((slot) => !isResult(slot))];
}

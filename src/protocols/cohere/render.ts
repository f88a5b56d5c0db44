import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { effortBudgets } from "../effort-budget.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { strictSchemaOf } from "../schema.ts";
import { renderConversation } from "./messages.ts";
import { renderSampling } from "./sampling.ts";
import { renderTools } from "./tools.ts";
import { type CohereBody, family } from "./wire.ts";

/** The request of /v2/chat. */
export function render(attempt: Attempt): Rendered<CohereBody> {
  const rendering = new Rendering(attempt, family);
  const { request, target } = rendering;
  const format = renderFormat(rendering);
  const isJson = format.response_format !== undefined;
  // The API takes documents for free text only.
  const { messages, documents, isCitable } = renderConversation(rendering, isJson);
  if (messages.length === 0) throw rendering.invalid("messages", "at least one message with content is required");
  const tools = renderTools(rendering);
  if (isJson && tools.tools !== undefined) {
    throw rendering.unsupported("response_format", "json_with_tools", "JSON cannot be asked for together with tools");
  }
  const options = rendering.options(request.providerOptions);
  refuseReserved(options, rendering);
  warnUnknown(rendering);
  const body: CohereBody = {
    model: target.model,
    messages,
    ...(attempt.call.stream ? { stream: true } : {}),
    ...(documents.length === 0 ? {} : { documents }),
    ...(documents.length === 0 || isCitable ? {} : { citation_options: { mode: "OFF" } }),
    ...tools,
    ...format,
    ...renderThinking(rendering),
    ...(request.maxOutputTokens === undefined ? {} : { max_tokens: request.maxOutputTokens }),
    ...renderSampling(rendering),
    ...options,
  };
  return { path: "/v2/chat", body, warnings: rendering.warnings };
}

function renderFormat(rendering: Rendering): Pick<CohereBody, "response_format"> {
  const format = rendering.request.responseFormat?.format;
  if (format?.case === "jsonObject") return { response_format: { type: "json_object" } };
  if (format?.case !== "jsonSchema") return {};
  const schema = strictSchemaOf(format.value, rendering);
  return { response_format: { type: "json_object", ...(schema === undefined ? {} : { json_schema: schema }) } };
}

/** Whether and how long the model thinks. Undefined leaves it to the API, which lets models think that can. */
function renderThinking(rendering: Rendering): Pick<CohereBody, "thinking"> {
  const { request, target } = rendering;
  const { effort = "", budgetTokens } = request.reasoning ?? {};
  if (effort === "" && budgetTokens === undefined) return {};
  const isOff = effort === "none" || budgetTokens === 0;
  const { features } = target.facts;
  if (features.size > 0 && !features.has("reasoning")) {
    if (!isOff) rendering.ignored("reasoning", "the model does not reason");
    return {};
  }
  if (isOff) return { thinking: { type: "disabled" } };
  if (budgetTokens !== undefined) {
    if (effort !== "") rendering.ignored("reasoning.effort", "the model takes a budget, not effort");
    return { thinking: { type: "enabled", token_budget: budgetTokens } };
  }
  const budget = effortBudgets.get(effort) ?? effortBudgets.get("medium") ?? 1;
  rendering.changed("reasoning.effort", `the model takes a budget, not effort; ${budget} tokens are used`);
  return { thinking: { type: "enabled", token_budget: budget } };
}

function warnUnknown(rendering: Rendering): void {
  const { serviceTier, endUserId } = rendering.request;
  if (serviceTier !== "") rendering.ignored("service_tier", "there are no service tiers here; see priority");
  if (endUserId !== "") rendering.ignored("end_user_id", "there is no place for an end user here");
}

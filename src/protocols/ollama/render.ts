import type { JsonObject } from "@bufbuild/protobuf";
import type { ReasoningOptions } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { objectOf } from "../field.ts";
import { Rendering } from "../rendering.ts";
import { refuseReserved } from "../reserved-options.ts";
import { strictSchemaOf } from "../schema.ts";
import { renderMessages } from "./messages.ts";
import { renderTools } from "./tools.ts";
import { family, type OllamaBody } from "./wire.ts";

/** The request of /api/chat. Settings of the model in provider_options.ollama.options are added to those sent. */
export function render(attempt: Attempt): Rendered<OllamaBody> {
  const rendering = new Rendering(attempt, family);
  const { request, target } = rendering;
  const messages = renderMessages(rendering);
  if (messages.length === 0) throw rendering.invalid("messages", "at least one message with content is required");
  const { options, ...own } = rendering.options(request.providerOptions);
  refuseReserved(own, rendering);
  warnUnknown(rendering);
  const body: OllamaBody = {
    model: target.model,
    messages,
    stream: attempt.call.stream,
    truncate: false,
    shift: false,
    ...renderTools(rendering),
    ...renderFormat(rendering),
    ...renderThinking(rendering),
    ...renderLogprobs(rendering),
    options: { ...settingsOf(rendering), ...objectOf(options) },
    ...own,
  };
  return { path: "/api/chat", body, warnings: rendering.warnings };
}

function settingsOf({ request }: Rendering): JsonObject {
  const { maxOutputTokens, temperature, topP, topK, frequencyPenalty, presencePenalty, seed, stopSequences } = request;
  return {
    ...(maxOutputTokens === undefined ? {} : { num_predict: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(stopSequences.length === 0 ? {} : { stop: stopSequences }),
  };
}

function renderFormat(rendering: Rendering): Pick<OllamaBody, "format"> {
  const format = rendering.request.responseFormat?.format;
  if (format?.case === "jsonObject") return { format: "json" };
  if (format?.case !== "jsonSchema") return {};
  const schema = strictSchemaOf(format.value, rendering);
  return schema === undefined ? {} : { format: schema };
}

/** Whether the model thinks. Undefined leaves it to the server, which lets models think that can. */
function renderThinking(rendering: Rendering): Pick<OllamaBody, "think"> {
  const { request, target } = rendering;
  const { effort = "", budgetTokens } = request.reasoning ?? {};
  if (effort === "none" || (effort === "" && budgetTokens === 0)) return { think: false };
  if (effort === "" && budgetTokens === undefined) return {};
  const { features } = target.facts;
  if (features.size > 0 && !features.has("reasoning")) {
    rendering.ignored("reasoning", "the model does not reason");
    return {};
  }
  if (budgetTokens !== undefined) rendering.ignored("reasoning.budget_tokens", "there is no budget for thinking");
  return { think: effort === "" ? true : levelOf(effort, rendering) };
}

function levelOf(effort: ReasoningOptions["effort"], rendering: Rendering): "low" | "medium" | "high" {
  if (effort === "low" || effort === "medium" || effort === "high") return effort;
  const nearest = effort === "minimal" ? "low" : effort === "xhigh" || effort === "max" ? "high" : "medium";
  rendering.changed("reasoning.effort", `there is no effort "${effort}"; "${nearest}" is used`);
  return nearest;
}

function renderLogprobs({ request }: Rendering): Pick<OllamaBody, "logprobs" | "top_logprobs"> {
  const { topLogprobs } = request;
  if (topLogprobs === undefined) return {};
  return { logprobs: true, ...(topLogprobs === 0 ? {} : { top_logprobs: topLogprobs }) };
}

function warnUnknown(rendering: Rendering): void {
  const { serviceTier, endUserId } = rendering.request;
  if (serviceTier !== "") rendering.ignored("service_tier", "there are no service tiers here");
  if (endUserId !== "") rendering.ignored("end_user_id", "there is no place for an end user here");
}

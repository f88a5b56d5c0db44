import { createHash } from "node:crypto";
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { objectOf } from "../field.ts";
import { refuseReserved } from "../reserved-options.ts";
import { renderItems } from "./items.ts";
import { reasons, renderReasoning } from "./reasoning.ts";
import { Rendering } from "./rendering.ts";
import { renderFormat, renderTools } from "./tools.ts";
import type { ResponsesBody } from "./wire.ts";

/** Longest id of an end user. */
const identifierCharsMax = 64;

/** Settings that the dialect has no place for. */
const absent = [
  ["topK", "top_k", "this dialect has no top_k; top_p is the nearest"],
  ["frequencyPenalty", "frequency_penalty", "this dialect has no penalties"],
  ["presencePenalty", "presence_penalty", "this dialect has no penalties"],
  ["seed", "seed", "this dialect has no seed"],
] as const;

/**
 * The request in the Responses dialect. The conversation is told whole each time, and the server is asked to keep nothing;
 * provider_options may say otherwise with `store`. Their objects "text" and "reasoning" add to what the gateway says there,
 * and so does their list "include". `rendering` may hold what was lost before.
 */
export function renderResponses(attempt: Attempt, rendering = new Rendering(attempt)): Rendered<ResponsesBody> {
  const { request, target } = rendering;
  const options = rendering.options(request.providerOptions);
  refuseReserved(options, rendering);
  const { text, reasoning, include, verbosity, ...others } = options;
  const body: ResponsesBody = {
    model: target.model,
    input: renderItems(rendering, options["store"] === true),
    store: false,
    ...renderTools(rendering),
    ...renderAnswer(rendering),
    ...renderSampling(rendering),
    ...joined("text", renderText(rendering, verbosity), text, rendering),
    ...joined("reasoning", renderReasoning(rendering), reasoning, rendering),
    ...renderInclude(rendering, include),
    ...(attempt.call.stream ? { stream: true } : {}),
    ...others,
  };
  return { path: "/responses", body, warnings: rendering.warnings };
}

/** How long the answer may be, and for whom it is. */
function renderAnswer(
  rendering: Rendering,
): Pick<ResponsesBody, "max_output_tokens" | "service_tier" | "safety_identifier"> {
  const { maxOutputTokens, serviceTier, endUserId, stopSequences } = rendering.request;
  if (stopSequences.length > 0) rendering.ignored("stop_sequences", "this dialect has no stop sequences");
  return {
    ...(maxOutputTokens === undefined ? {} : { max_output_tokens: maxOutputTokens }),
    ...(serviceTier === "" ? {} : { service_tier: serviceTier }),
    ...(endUserId === "" ? {} : { safety_identifier: identifierOf(endUserId, rendering) }),
  };
}

function identifierOf(endUserId: string, rendering: Rendering): string {
  if (endUserId.length <= identifierCharsMax) return endUserId;
  rendering.changed("end_user_id", `is longer than ${identifierCharsMax} characters: its SHA-256 is sent instead`);
  return createHash("sha256").update(endUserId).digest("hex");
}

function renderSampling(rendering: Rendering): Pick<ResponsesBody, "temperature" | "top_p" | "top_logprobs"> {
  const { request } = rendering;
  const { temperature, topP, topLogprobs = 0 } = request;
  for (const [field, path, message] of absent) if (request[field] !== undefined) rendering.ignored(path, message);
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topLogprobs === 0 ? {} : { top_logprobs: topLogprobs }),
  };
}

/** `verbosity` stands in the elder dialect where provider_options say it, and here within. */
function renderText(rendering: Rendering, verbosity: JsonValue | undefined): JsonObject | undefined {
  const { responseFormat } = rendering.request;
  const format = responseFormat === undefined ? undefined : renderFormat(responseFormat, rendering);
  if (format === undefined && verbosity === undefined) return undefined;
  return { ...(format === undefined ? {} : { format }), ...(verbosity === undefined ? {} : { verbosity }) };
}

/** What is to come besides: encrypted reasoning, without which a conversation that the server does not keep cannot go on. */
function renderInclude(rendering: Rendering, more: JsonValue | undefined): Pick<ResponsesBody, "include"> {
  if (more !== undefined && !Array.isArray(more)) throw rendering.invalid("provider_options.include", "must be a list");
  const wanted = [
    ...(reasons(rendering) ? ["reasoning.encrypted_content"] : []),
    ...(rendering.request.topLogprobs === undefined ? [] : ["message.output_text.logprobs"]),
    ...(more ?? []).map(String),
  ];
  return wanted.length === 0 ? {} : { include: [...new Set(wanted)] };
}

/** An object of the body, with what provider_options add to it. */
function joined(
  name: "text" | "reasoning",
  own: JsonObject | undefined,
  more: JsonValue | undefined,
  rendering: Rendering,
): Pick<ResponsesBody, typeof name> {
  const added = objectOf(more);
  if (more !== undefined && added === undefined)
    throw rendering.invalid(`provider_options.${name}`, "must be an object");
  return own === undefined && added === undefined ? {} : { [name]: { ...own, ...added } };
}

import { type CompleteResponse, FinishReason, type TokenLogprob } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Citation, ContentPart, PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import { CodePoints } from "../../model/code-points.ts";
import { addUsages } from "../../model/sum.ts";
import { base64Of, mimeTypeOf } from "../../protocols/media-source.ts";
import { seal } from "../seal.ts";
import { detailOf, extraContent } from "./echoed.ts";

const finishReasons: ReadonlyMap<FinishReason, string> = new Map([
  [FinishReason.MAX_TOKENS, "length"],
  [FinishReason.CONTEXT_WINDOW, "length"],
  [FinishReason.TOOL_CALLS, "tool_calls"],
  [FinishReason.CONTENT_FILTER, "content_filter"],
  [FinishReason.REFUSAL, "content_filter"],
]);

/**
 * Why the model stopped, in the words of the API. A refusal in words is "stop": they stand in the field for it, and
 * clients take "content_filter" for an error.
 */
export function finishReasonOf(reason: FinishReason, hasRefusal: boolean): string {
  if (reason === FinishReason.REFUSAL && hasRefusal) return "stop";
  return finishReasons.get(reason) ?? "stop";
}

/** The whole answer: one choice of each response. */
export function chatCompletion(responses: readonly CompleteResponse[]): object {
  const [first] = responses;
  return {
    id: first?.id ?? "",
    object: "chat.completion",
    created: createdOf(first),
    model: first?.routing?.model ?? "",
    choices: responses.map(choiceOf),
    usage: usageOf(responses.flatMap(({ usage }) => usage ?? [])),
    ...tierOf(first),
  };
}

/** Seconds since 1970. */
export function createdOf({ createTime }: Partial<Pick<CompleteResponse, "createTime">> = {}): number {
  return Number(createTime?.seconds ?? 0n);
}

/** Tokens, summed over the choices; what no choice tells of is left out. */
export function usageOf(usages: readonly Usage[]): object {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens } = addUsages(usages);
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: {
      cached_tokens: cacheReadTokens ?? 0,
      ...(cacheWriteTokens === undefined ? {} : { cache_write_tokens: cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
  };
}

function choiceOf(response: CompleteResponse, index: number): object {
  const parts = response.message?.content ?? [];
  const hasRefusal = parts.some(({ part }) => part.case === "refusal");
  const finish_reason = finishReasonOf(response.finishReason, hasRefusal);
  return {
    index,
    message: messageOf(parts),
    logprobs: response.logprobs.length === 0 ? null : { content: response.logprobs.map(logprobOf), refusal: null },
    finish_reason,
    native_finish_reason: response.nativeFinishReason,
  };
}

function messageOf(parts: readonly ContentPart[]): object {
  const text = joined(parts, "text");
  const refusal = joined(parts, "refusal");
  const reasoning = parts.map(({ part }) => (part.case === "reasoning" ? part.value.text : "")).join("");
  const details = parts.flatMap(({ part, signature }) => detailOf(part, signature) ?? []);
  const calls = parts.flatMap(callOf);
  const annotations = annotationsOf(parts);
  const images = parts.flatMap(imageOf);
  const [audio] = parts.flatMap(audioOf);
  return {
    role: "assistant",
    content: text ?? null,
    refusal: refusal ?? null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(details.length === 0 ? {} : { reasoning_details: details }),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(images.length === 0 ? {} : { images }),
    ...(audio === undefined ? {} : { audio: { ...audio, transcript: text ?? "" } }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function joined(parts: readonly ContentPart[], kind: "text" | "refusal"): string | undefined {
  const texts = parts.flatMap(({ part }) => (part.case === kind ? part.value : []));
  return texts.length === 0 ? undefined : texts.join("");
}

function callOf({ part, signature }: ContentPart): object[] {
  if (part.case !== "toolCall" || part.value.providerExecuted) return [];
  const { id, name, argumentsJson } = part.value;
  const echo = signature === undefined ? {} : { extra_content: extraContent(signature) };
  return [{ id, type: "function", function: { name, arguments: argumentsJson }, ...echo }];
}

/** Positions count from the beginning of the joined text. */
function annotationsOf(parts: readonly ContentPart[]): object[] {
  let before = "";
  return parts.flatMap(({ part, citations }) => {
    if (part.case !== "text") return [];
    const offset = before.length;
    before += part.value;
    if (citations.length === 0) return [];
    const points = new CodePoints(part.value);
    return citations.flatMap((citation) => annotationOf(citation, points, offset));
  });
}

/** A source on the web; other sources have no form in this API. `offset` is where its text begins in the message. */
export function annotationOf(citation: Citation, text: CodePoints, offset: number): object[] {
  const { source, title, startCodePoint, endCodePoint } = citation;
  if (source.case !== "uri") return [];
  const start_index = offset + text.unitsBefore(startCodePoint ?? 0);
  const end_index = offset + (endCodePoint === undefined ? text.units : text.unitsBefore(endCodePoint));
  return [{ type: "url_citation", url_citation: { start_index, end_index, title, url: source.value } }];
}

/** A picture that the model made, in a data: URI. */
export function imageOf({ part }: ContentPart): object[] {
  if (part.case !== "media") return [];
  const type = mimeTypeOf(part.value);
  const data = base64Of(part.value);
  if (!type.startsWith("image/") || data === undefined) return [];
  return [{ type: "image_url", image_url: { url: `data:${type};base64,${data}` } }];
}

type Signed = Pick<ContentPart, "part"> & { readonly signature?: PartSignature | undefined };

/**
 * Sound that the model made; its words are text of the message, too. The id is for the way back, and the gateway does not
 * know for how long the provider heeds it.
 */
export function audioOf({ part, signature }: Signed): object[] {
  if (part.case !== "media" || !mimeTypeOf(part.value).startsWith("audio/")) return [];
  const data = base64Of(part.value);
  return data === undefined ? [] : [{ id: seal({ signature }), data, expires_at: 0, transcript: "" }];
}

/** One token with its alternatives. */
export function logprobOf({ token, logprob, alternatives }: TokenLogprob): object {
  return { ...tokenOf(token, logprob), top_logprobs: alternatives.map((other) => tokenOf(other.token, other.logprob)) };
}

function tokenOf(token: string, logprob: number): object {
  return { token, logprob, bytes: [...Buffer.from(token)] };
}

function tierOf(response: CompleteResponse | undefined): object {
  const tier = response?.usage?.serviceTier ?? "";
  return tier === "" ? {} : { service_tier: tier };
}

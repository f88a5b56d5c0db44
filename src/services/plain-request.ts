import type { CompleteRequest, StreamCompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessage, type ContentPart, Role } from "../../gen/llmhub/v1/content_pb.ts";

const modelName = /^[A-Za-z0-9._:@/-]{0,256}$/;
const roles: ReadonlySet<number> = new Set(Object.values(Role));

/**
 * Whether it can be seen at a glance that a request follows the rules of its proto files: texts, a model and the common
 * settings, nothing else. False says nothing. Hot path: no object, and a tenth of the 10 µs that `RuleGlance` takes for a
 * conversation of 40 messages. Tests hold it against protovalidate, field by field.
 */
export function isPlainRequest(request: CompleteRequest): boolean {
  return hasPlainMessages(request) && hasPlainSettings(request) && hasNoMore(request);
}

/** The same for a request of a stream. */
export function isPlainStreamRequest({ start, options }: StreamCompleteRequest): boolean {
  const isUntimed =
    options === undefined || (options.heartbeatInterval === undefined && options.coalesceWindow === undefined);
  return isUntimed && start.case === "request" && isPlainRequest(start.value);
}

/** Characters are counted as UTF-16 does: there are never fewer of them than the rules count. */
function hasPlainSettings(request: CompleteRequest): boolean {
  const { maxOutputTokens, temperature, topP } = request;
  return (
    modelName.test(request.model) &&
    (maxOutputTokens === undefined || maxOutputTokens >= 1) &&
    (temperature === undefined || (temperature >= 0 && temperature <= 2)) &&
    (topP === undefined || (topP >= 0 && topP <= 1)) &&
    request.endUserId.length <= 256 &&
    request.serviceTier.length <= 32
  );
}

/** Seed, input, system, validate_only and lossless have no rules. */
function hasNoMore(request: CompleteRequest): boolean {
  return (
    request.tools.length === 0 &&
    request.stopSequences.length === 0 &&
    request.toolChoice === undefined &&
    request.responseFormat === undefined &&
    request.reasoning === undefined &&
    request.routing === undefined &&
    request.topK === undefined &&
    request.frequencyPenalty === undefined &&
    request.presencePenalty === undefined &&
    request.topLogprobs === undefined &&
    request.cache === undefined &&
    request.view === 0 &&
    isEmpty(request.labels) &&
    isEmpty(request.providerOptions)
  );
}

function hasPlainMessages({ messages }: CompleteRequest): boolean {
  return messages.length <= 4096 && messages.every(isPlainMessage);
}

function isPlainMessage({ role, content, text, name }: ChatMessage): boolean {
  const hasOneForm = content.length > 0 !== (text !== "");
  return roles.has(role) && hasOneForm && name.length <= 64 && content.length <= 1024 && content.every(isPlainPart);
}

function isPlainPart({ part, citations, cacheHint, signature, providerOptions }: ContentPart): boolean {
  const isBare = citations.length === 0 && cacheHint === undefined && signature === undefined;
  return part.case === "text" && isBare && isEmpty(providerOptions);
}

function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  for (const _ in map) return false;
  return true;
}

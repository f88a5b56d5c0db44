import { toBinary } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { type CompleteResponse, CompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ChatMessage, ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import type { RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import { BackwardWriter } from "./backward-writer.ts";

/** Characters of all texts of an answer that is written by hand; beyond, what protobuf-es takes on top is little. */
const charsMax = 20_000;
/** Parts of such an answer, each with two bytes of tags and eight of lengths at most. */
const partsMax = 64;
/** Words of metadata, each with less than 32 bytes of tags and lengths. */
const wordsMax = 16;
/** One for all answers: to encode takes no turn of the event loop. */
const writer = new BackwardWriter(3 * charsMax + 10 * partsMax + 32 * wordsMax + 1024);

/**
 * The answer as protobuf-es would encode it, byte by byte, in a third of the time where it is an ordinary one: text, with
 * usage, cost and how it was served. Everything else is left to protobuf-es. Hot path: no object but the bytes.
 */
export function encodeAnswer(answer: CompleteResponse): Uint8Array {
  if (!isPlain(answer)) return toBinary(CompleteResponseSchema, answer);
  writer.begin();
  writeAnswer(answer);
  return writer.written();
}

function isPlain(answer: CompleteResponse): boolean {
  const { message, usage, cost, routing, createTime } = answer;
  return (
    answer.$unknown === undefined &&
    answer.warnings.length === 0 &&
    answer.logprobs.length === 0 &&
    isPlainMetadata(answer.providerMetadata) &&
    isCount(answer.finishReason) &&
    (message === undefined || isPlainMessage(message)) &&
    (usage === undefined || isPlainUsage(usage)) &&
    (cost === undefined || isPlainCost(cost)) &&
    (routing === undefined || isPlainRouting(routing)) &&
    isPlainTime(createTime) &&
    charsOf(answer) <= charsMax
  );
}

function isPlainMessage({ role, content, $unknown }: ChatMessage): boolean {
  return $unknown === undefined && isCount(role) && content.length <= partsMax && content.every(isPlainPart);
}

function isPlainPart({ part, citations, cacheHint, signature, providerOptions, $unknown }: ContentPart): boolean {
  const isBare = cacheHint === undefined && signature === undefined && $unknown === undefined;
  return part.case === "text" && isBare && citations.length === 0 && isEmpty(providerOptions);
}

function isPlainUsage(usage: Usage): boolean {
  return (
    usage.$unknown === undefined &&
    usage.byModality.length === 0 &&
    usage.native === undefined &&
    isEmpty(usage.toolUses) &&
    isCount(usage.source) &&
    isCount(usage.inputTokens) &&
    isCount(usage.outputTokens) &&
    isCount(usage.cacheReadTokens) &&
    isCount(usage.cacheWriteTokens) &&
    isCount(usage.reasoningTokens) &&
    isCount(usage.cacheWrite1hTokens) &&
    isCount(usage.searchUnits)
  );
}

function isPlainCost({ total, lines, $unknown }: Cost): boolean {
  if (lines.length > 0 || $unknown !== undefined) return false;
  return total === undefined || (total.$unknown === undefined && isSafe(total.amountNanos));
}

function isPlainRouting(routing: RoutingInfo): boolean {
  return (
    routing.$unknown === undefined &&
    routing.attempts.length === 0 &&
    isCount(routing.attemptCount) &&
    isCount(routing.cacheStatus) &&
    isCount(routing.strategy) &&
    isPlainTime(routing.timeToFirstOutput) &&
    isPlainTime(routing.cacheAge)
  );
}

function isPlainTime(time: Timestamp | Duration | undefined): boolean {
  return time === undefined || (time.$unknown === undefined && isSafe(time.seconds) && isCount(time.nanos));
}

/** Words only, such as OpenAI's system_fingerprint. */
function isPlainMetadata(metadata: CompleteResponse["providerMetadata"]): boolean {
  let words = 0;
  for (const provider in metadata) {
    const said = metadata[provider];
    for (const name in said) if (typeof said[name] !== "string" || ++words > wordsMax) return false;
    if (++words > wordsMax) return false;
  }
  return true;
}

/** What is not, protobuf-es encodes in ten bytes or refuses. */
function isCount(value: number | undefined): boolean {
  return value === undefined || (value >= 0 && (value | 0) === value);
}

function isSafe(value: bigint): boolean {
  return value >= 0n && value <= Number.MAX_SAFE_INTEGER;
}

function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  for (const _ in map) return false;
  return true;
}

function charsOf(answer: CompleteResponse): number {
  const { id, message, nativeFinishReason, stopSequence, usage, cost, routing } = answer;
  let chars = id.length + nativeFinishReason.length + stopSequence.length;
  for (const provider in answer.providerMetadata) {
    const said = answer.providerMetadata[provider];
    chars += provider.length;
    for (const name in said) chars += name.length + (said[name] as string).length;
  }
  if (message !== undefined) {
    chars += message.text.length + message.name.length;
    for (const { part } of message.content) if (part.case === "text") chars += part.value.length;
  }
  if (usage !== undefined) chars += usage.serviceTier.length;
  if (cost !== undefined) chars += cost.priceList.length + (cost.total?.currencyCode.length ?? 0);
  if (routing === undefined) return chars;
  const { requestedModel, provider, model, upstreamModel, upstreamRequestId, policy, experimentArm, region } = routing;
  chars += requestedModel.length + provider.length + model.length + upstreamModel.length + upstreamRequestId.length;
  return chars + policy.length + experimentArm.length + region.length;
}

// Field numbers are those of the proto files, from the last field to the first. A test compares every byte with protobuf-es.

function writeAnswer(answer: CompleteResponse): void {
  const { message, usage, cost, routing, createTime } = answer;
  writeMetadata(13, answer.providerMetadata);
  if (createTime !== undefined) writeTime(12, createTime);
  if (routing !== undefined) writeRouting(8, routing);
  if (cost !== undefined) writeCost(7, cost);
  if (usage !== undefined) writeUsage(6, usage);
  writer.text(5, answer.stopSequence);
  writer.text(4, answer.nativeFinishReason);
  writer.number(3, answer.finishReason);
  if (message !== undefined) writeMessage(2, message);
  writer.text(1, answer.id);
}

/** A map of google.protobuf.Struct, which is a map of google.protobuf.Value, of which 3 is a string. */
function writeMetadata(field: number, metadata: CompleteResponse["providerMetadata"]): void {
  const providers = Object.keys(metadata);
  for (let i = providers.length - 1; i >= 0; i--) {
    const provider = providers[i] as string;
    const end = writer.at;
    writeWords(2, metadata[provider] as Readonly<Record<string, string>>);
    writer.member(1, provider);
    writer.closed(field, end);
  }
}

function writeWords(field: number, words: Readonly<Record<string, string>>): void {
  const end = writer.at;
  const names = Object.keys(words);
  for (let i = names.length - 1; i >= 0; i--) {
    const name = names[i] as string;
    const wordEnd = writer.at;
    writer.member(3, words[name] as string);
    writer.closed(2, wordEnd);
    writer.member(1, name);
    writer.closed(1, wordEnd);
  }
  writer.closed(field, end);
}

function writeMessage(field: number, { role, content, text, name }: ChatMessage): void {
  const end = writer.at;
  writer.text(4, name);
  writer.text(3, text);
  for (let i = content.length - 1; i >= 0; i--) {
    const partEnd = writer.at;
    writer.member(1, content[i]?.part.value as string);
    writer.closed(2, partEnd);
  }
  writer.number(1, role);
  writer.closed(field, end);
}

function writeUsage(field: number, usage: Usage): void {
  const end = writer.at;
  writer.given(12, usage.searchUnits);
  writer.text(11, usage.serviceTier);
  writer.given(10, usage.cacheWrite1hTokens);
  writer.number(6, usage.source);
  writer.given(5, usage.reasoningTokens);
  writer.given(4, usage.cacheWriteTokens);
  writer.given(3, usage.cacheReadTokens);
  writer.number(2, usage.outputTokens);
  writer.number(1, usage.inputTokens);
  writer.closed(field, end);
}

function writeCost(field: number, { total, priceList, estimated }: Cost): void {
  const end = writer.at;
  writer.number(4, estimated ? 1 : 0);
  writer.text(3, priceList);
  if (total !== undefined) {
    const totalEnd = writer.at;
    writer.number(2, Number(total.amountNanos));
    writer.text(1, total.currencyCode);
    writer.closed(1, totalEnd);
  }
  writer.closed(field, end);
}

function writeRouting(field: number, routing: RoutingInfo): void {
  const end = writer.at;
  writer.number(15, routing.strategy);
  if (routing.cacheAge !== undefined) writeTime(14, routing.cacheAge);
  if (routing.timeToFirstOutput !== undefined) writeTime(12, routing.timeToFirstOutput);
  writer.text(11, routing.region);
  writer.number(10, routing.cacheStatus);
  writer.number(8, routing.attemptCount);
  writer.text(7, routing.experimentArm);
  writer.text(6, routing.policy);
  writer.text(5, routing.upstreamRequestId);
  writer.text(4, routing.upstreamModel);
  writer.text(3, routing.model);
  writer.text(2, routing.provider);
  writer.text(1, routing.requestedModel);
  writer.closed(field, end);
}

function writeTime(field: number, { seconds, nanos }: Timestamp | Duration): void {
  const end = writer.at;
  writer.number(2, nanos);
  writer.number(1, Number(seconds));
  writer.closed(field, end);
}

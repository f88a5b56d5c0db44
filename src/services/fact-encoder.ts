import type { JsonObject } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { BackwardWriter } from "./backward-writer.ts";

// The facts that whole answers and streams tell alike. What is plain here is written by hand, byte by byte as protobuf-es
// does; everything else is left to protobuf-es. Nothing here makes an object. Field numbers are those of the proto files,
// from the last field to the first.

/** What providers say besides, by provider. */
type Metadata = Readonly<Record<string, JsonObject>>;

/** Words of metadata, each with less than 32 bytes of tags and lengths. */
const wordsMax = 16;

/** Most bytes that the tags, the lengths and the numbers of all facts of one answer take together. */
export const factBytesMax = 32 * wordsMax + 1024;

/** Whether it can be written by hand. */
export function isPlainUsage(usage: Usage | undefined): boolean {
  if (usage === undefined) return true;
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

/** Whether it can be written by hand. */
export function isPlainCost(cost: Cost | undefined): boolean {
  if (cost === undefined) return true;
  const { total, lines, $unknown } = cost;
  if (lines.length > 0 || $unknown !== undefined) return false;
  return total === undefined || (total.$unknown === undefined && isSafe(total.amountNanos));
}

/** Whether it can be written by hand. */
export function isPlainRouting(routing: RoutingInfo | undefined): boolean {
  if (routing === undefined) return true;
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

/** Whether it can be written by hand. */
export function isPlainTime(time: Timestamp | Duration | undefined): boolean {
  return time === undefined || (time.$unknown === undefined && isSafe(time.seconds) && isCount(time.nanos));
}

/** Whether it can be written by hand: it has words only, such as OpenAI's system_fingerprint. */
export function isPlainMetadata(metadata: Metadata): boolean {
  let words = 0;
  for (const provider in metadata) {
    const said = metadata[provider];
    for (const name in said) if (typeof said[name] !== "string" || ++words > wordsMax) return false;
    if (++words > wordsMax) return false;
  }
  return true;
}

/** Whether it is a whole number from 0 to 2^31 - 1, or none. Any other, protobuf-es encodes in ten bytes or refuses. */
export function isCount(value: number | undefined): boolean {
  return value === undefined || (value >= 0 && (value | 0) === value);
}

function isSafe(value: bigint): boolean {
  return value >= 0n && value <= Number.MAX_SAFE_INTEGER;
}

/** Whether it has no entries. */
export function isEmpty(map: Readonly<Record<string, unknown>>): boolean {
  for (const _ in map) return false;
  return true;
}

/** Characters of all texts of plain facts. */
export function factChars(
  usage: Usage | undefined,
  cost: Cost | undefined,
  routing: RoutingInfo | undefined,
  metadata: Metadata,
): number {
  let chars = 0;
  for (const provider in metadata) {
    const said = metadata[provider];
    chars += provider.length;
    for (const name in said) chars += name.length + (said[name] as string).length;
  }
  if (usage !== undefined) chars += usage.serviceTier.length;
  if (cost !== undefined) chars += cost.priceList.length + (cost.total?.currencyCode.length ?? 0);
  return routing === undefined ? chars : chars + routingChars(routing);
}

/** Characters of all texts of it. */
export function routingChars(routing: RoutingInfo): number {
  const { requestedModel, provider, model, upstreamModel, upstreamRequestId, policy, experimentArm, region } = routing;
  const names = requestedModel.length + provider.length + model.length + upstreamModel.length;
  return names + upstreamRequestId.length + policy.length + experimentArm.length + region.length;
}

/** Writes a map of google.protobuf.Struct, which is a map of google.protobuf.Value, of which 3 is a string. */
export function writeMetadata(writer: BackwardWriter, field: number, metadata: Metadata): void {
  if (isEmpty(metadata)) return;
  const providers = Object.keys(metadata);
  for (let i = providers.length - 1; i >= 0; i--) {
    const provider = providers[i] as string;
    const end = writer.at;
    writeWords(writer, 2, metadata[provider] as Readonly<Record<string, string>>);
    writer.member(1, provider);
    writer.closed(field, end);
  }
}

function writeWords(writer: BackwardWriter, field: number, words: Readonly<Record<string, string>>): void {
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

/** Writes a plain one. */
export function writeUsage(writer: BackwardWriter, field: number, usage: Usage | undefined): void {
  if (usage === undefined) return;
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

/** Writes a plain one. */
export function writeCost(writer: BackwardWriter, field: number, cost: Cost | undefined): void {
  if (cost === undefined) return;
  const { total, priceList, estimated } = cost;
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

/** Writes a plain one. */
export function writeRouting(writer: BackwardWriter, field: number, routing: RoutingInfo | undefined): void {
  if (routing === undefined) return;
  const end = writer.at;
  writer.number(15, routing.strategy);
  writeTime(writer, 14, routing.cacheAge);
  writeTime(writer, 12, routing.timeToFirstOutput);
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

/** Writes a plain one. */
export function writeTime(writer: BackwardWriter, field: number, time: Timestamp | Duration | undefined): void {
  if (time === undefined) return;
  const end = writer.at;
  writer.number(2, time.nanos);
  writer.number(1, Number(time.seconds));
  writer.closed(field, end);
}

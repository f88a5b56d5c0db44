import type { StreamFinished, StreamStarted, UsageUpdate } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk, ChunkOf } from "../model/chunk.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import {
  factBytesMax,
  factChars,
  isCount,
  isPlainCost,
  isPlainMetadata,
  isPlainRouting,
  isPlainTime,
  isPlainUsage,
  routingChars,
  writeCost,
  writeMetadata,
  writeRouting,
  writeTime,
  writeUsage,
} from "./fact-encoder.ts";
import { isPlainPart, writePart } from "./part-encoder.ts";

/** Bytes of an event besides its texts: the envelope, the sequence, and the tags, lengths and numbers of short events. */
const frameBytesMax = 64;

type Delta = ChunkOf<"partDelta">["value"]["delta"];

/** Most bytes that an event takes as a gRPC message; Infinity for one that only protobuf-es can write. Hot path. */
export function eventBytesMax(event: Chunk): number {
  switch (event.case) {
    case "partDelta": {
      const { index, delta, logprobs, $unknown } = event.value;
      const isBare = $unknown === undefined && logprobs.length === 0;
      if (!isBare || delta.case === undefined || delta.case === "citation" || !isCount(index)) return Infinity;
      return frameBytesMax + 3 * delta.value.length;
    }
    case "partStarted": {
      const { index, part, $unknown } = event.value;
      const isPlain = $unknown === undefined && part !== undefined && isPlainPart(part) && isCount(index);
      return isPlain ? frameBytesMax + 3 * (part.part.value as string).length : Infinity;
    }
    case "partFinished": {
      const { index, signature, encryptedContent, $unknown } = event.value;
      const isPlain = $unknown === undefined && signature === undefined && isCount(index);
      return isPlain ? frameBytesMax + 3 * encryptedContent.length : Infinity;
    }
    case "started":
      return startedBytesMax(event.value);
    case "usage":
      return usageBytesMax(event.value);
    case "finished":
      return finishedBytesMax(event.value);
    case "heartbeat":
      return frameBytesMax;
    case "restarted":
      return Infinity;
  }
}

function startedBytesMax({ id, routing, resumeToken, createTime, warnings, $unknown }: StreamStarted): number {
  const isPlain = warnings.length === 0 && isPlainRouting(routing) && isPlainTime(createTime);
  if (!isPlain || $unknown !== undefined) return Infinity;
  const chars = id.length + resumeToken.length + (routing === undefined ? 0 : routingChars(routing));
  return frameBytesMax + factBytesMax + 3 * chars;
}

function usageBytesMax({ usage, cost, $unknown }: UsageUpdate): number {
  if ($unknown !== undefined || !isPlainUsage(usage) || !isPlainCost(cost)) return Infinity;
  return frameBytesMax + factBytesMax + 3 * factChars(usage, cost, undefined, {});
}

function finishedBytesMax(finished: StreamFinished): number {
  const { usage, cost, routing, providerMetadata, nativeFinishReason, stopSequence } = finished;
  const isPlain =
    finished.$unknown === undefined &&
    finished.warnings.length === 0 &&
    isCount(finished.finishReason) &&
    isPlainUsage(usage) &&
    isPlainCost(cost) &&
    isPlainRouting(routing) &&
    isPlainMetadata(providerMetadata);
  if (!isPlain) return Infinity;
  const chars = nativeFinishReason.length + stopSequence.length + factChars(usage, cost, routing, providerMetadata);
  return frameBytesMax + factBytesMax + 3 * chars;
}

// Field numbers are those of StreamCompleteResponse and its parts. A test compares every byte with protobuf-es.

/** Writes an event that `eventBytesMax` says can be written, as a gRPC message with its envelope. Hot path. */
export function writeEvent(writer: BackwardWriter, sequence: number, event: Chunk): void {
  const end = writer.at;
  switch (event.case) {
    case "partDelta":
      writer.member(fieldOf(event.value.delta.case), event.value.delta.value as string);
      writer.number(1, event.value.index);
      writer.closed(4, end);
      break;
    case "partStarted":
      if (event.value.part !== undefined) writePart(writer, 2, event.value.part);
      writer.number(1, event.value.index);
      writer.closed(3, end);
      break;
    case "partFinished":
      writer.text(3, event.value.encryptedContent);
      writer.number(1, event.value.index);
      writer.closed(5, end);
      break;
    case "started":
      writeStarted(writer, event.value);
      writer.closed(2, end);
      break;
    case "usage":
      writeCost(writer, 2, event.value.cost);
      writeUsage(writer, 1, event.value.usage);
      writer.closed(6, end);
      break;
    case "finished":
      writeFinished(writer, event.value);
      writer.closed(9, end);
      break;
    default:
      writer.closed(8, end);
  }
  writer.number(1, sequence);
  writer.envelope(end);
}

function fieldOf(kind: Delta["case"]): number {
  switch (kind) {
    case "text":
      return 2;
    case "argumentsJson":
      return 3;
    case "reasoning":
      return 4;
    default:
      return 5;
  }
}

function writeStarted(writer: BackwardWriter, { id, routing, resumeToken, createTime }: StreamStarted): void {
  writeTime(writer, 4, createTime);
  writer.text(3, resumeToken);
  writeRouting(writer, 2, routing);
  writer.text(1, id);
}

function writeFinished(writer: BackwardWriter, finished: StreamFinished): void {
  writeMetadata(writer, 8, finished.providerMetadata);
  writeRouting(writer, 6, finished.routing);
  writeCost(writer, 5, finished.cost);
  writeUsage(writer, 4, finished.usage);
  writer.text(3, finished.stopSequence);
  writer.text(2, finished.nativeFinishReason);
  writer.number(1, finished.finishReason);
}

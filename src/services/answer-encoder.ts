import { toBinary } from "@bufbuild/protobuf";
import { type CompleteResponse, CompleteResponseSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ChatMessage, ContentPart } from "../../gen/llmhub/v1/content_pb.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { envelopeBytes, enveloped } from "./event-encoder.ts";
import {
  factBytesMax,
  factChars,
  isCount,
  isPlainCost,
  isPlainMetadata,
  isPlainRouting,
  isPlainTime,
  isPlainUsage,
  writeCost,
  writeMetadata,
  writeRouting,
  writeTime,
  writeUsage,
} from "./fact-encoder.ts";
import { isPlainPart, writePart } from "./part-encoder.ts";

/** Characters of all texts of an answer that is written by hand; beyond, what protobuf-es takes on top is little. */
const charsMax = 20_000;
/** Parts of such an answer, each with two bytes of tags and eight of lengths at most. */
const partsMax = 64;
/** One for all answers: to encode takes no turn of the event loop. */
const writer = new BackwardWriter(3 * charsMax + 10 * partsMax + factBytesMax + envelopeBytes);

/**
 * The answer as a gRPC message in its envelope, as protobuf-es would encode it, byte by byte, in a third of the time where
 * it is an ordinary one: text, with usage, cost and how it was served. Everything else is left to protobuf-es. Hot path: no
 * object but the bytes.
 */
export function encodeAnswer(answer: CompleteResponse): Buffer {
  if (!isPlain(answer)) return enveloped(toBinary(CompleteResponseSchema, answer));
  writer.begin();
  const end = writer.at;
  writeAnswer(answer);
  writer.envelope(end);
  return writer.written();
}

function isPlain(answer: CompleteResponse): boolean {
  const { message } = answer;
  return (
    answer.$unknown === undefined &&
    answer.warnings.length === 0 &&
    answer.logprobs.length === 0 &&
    isPlainMetadata(answer.providerMetadata) &&
    isCount(answer.finishReason) &&
    (message === undefined || isPlainMessage(message)) &&
    isPlainUsage(answer.usage) &&
    isPlainCost(answer.cost) &&
    isPlainRouting(answer.routing) &&
    isPlainTime(answer.createTime) &&
    charsOf(answer) <= charsMax
  );
}

function isPlainMessage({ role, content, $unknown }: ChatMessage): boolean {
  return $unknown === undefined && isCount(role) && content.length <= partsMax && content.every(isPlainPart);
}

function charsOf(answer: CompleteResponse): number {
  const { id, message, usage, cost, routing } = answer;
  let chars = id.length + answer.nativeFinishReason.length + answer.stopSequence.length;
  if (message !== undefined) {
    chars += message.text.length + message.name.length;
    for (const { part } of message.content) if (part.case === "text") chars += part.value.length;
  }
  return chars + factChars(usage, cost, routing, answer.providerMetadata);
}

// Field numbers are those of the proto files, from the last field to the first. A test compares every byte with protobuf-es.

function writeAnswer(answer: CompleteResponse): void {
  const { message, usage, cost, routing, createTime } = answer;
  writeMetadata(writer, 13, answer.providerMetadata);
  writeTime(writer, 12, createTime);
  writeRouting(writer, 8, routing);
  writeCost(writer, 7, cost);
  writeUsage(writer, 6, usage);
  writer.text(5, answer.stopSequence);
  writer.text(4, answer.nativeFinishReason);
  writer.number(3, answer.finishReason);
  if (message !== undefined) writeMessage(2, message);
  writer.text(1, answer.id);
}

function writeMessage(field: number, { role, content, text, name }: ChatMessage): void {
  const end = writer.at;
  writer.text(4, name);
  writer.text(3, text);
  for (let i = content.length - 1; i >= 0; i--) writePart(writer, 2, content[i] as ContentPart);
  writer.number(1, role);
  writer.closed(field, end);
}

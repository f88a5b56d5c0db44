import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  type CompleteResponse,
  CompleteResponseSchema,
  type FinishReason,
  PartDeltaSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import {
  ChatMessageSchema,
  type ContentPart,
  ContentPartSchema,
  Role,
  ToolCallSchema,
} from "../../gen/llmhub/v1/content_pb.ts";
import { UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Chunk } from "../../src/model/chunk.ts";

/** Short texts of whole graphemes. */
export const text = fc.string({ unit: "grapheme", maxLength: 12 });

const partMember: fc.Arbitrary<ContentPart["part"]> = fc.oneof(
  text.map((value) => ({ case: "text" as const, value })),
  text.map((value) => ({ case: "refusal" as const, value })),
  fc.tuple(text, text).map(([name, json]) => ({
    case: "toolCall" as const,
    value: create(ToolCallSchema, { id: `call_${name}`, name, argumentsJson: json }),
  })),
  fc.tuple(text, text).map(([thought, encryptedContent]) => ({
    case: "reasoning" as const,
    value: { $typeName: "llmhub.v1.ReasoningPart" as const, text: thought, summary: false, encryptedContent },
  })),
  text.map((json) => ({
    case: "providerPart" as const,
    value: { $typeName: "llmhub.v1.ProviderPart" as const, provider: "p", kind: "k", json },
  })),
);

const contentPart = fc
  .record({ part: partMember, cited: fc.array(text, { maxLength: 2 }), signature: fc.option(text, { nil: undefined }) })
  .map(({ part, cited, signature }) =>
    create(ContentPartSchema, {
      part,
      citations: cited.map((title) => ({ title })),
      ...(signature === undefined ? {} : { signature: { provider: "p", value: signature } }),
    }),
  );

/** Whole answers. */
export const response: fc.Arbitrary<CompleteResponse> = fc
  .record({ id: text, parts: fc.array(contentPart, { maxLength: 5 }), tokens: fc.nat(), words: fc.array(text) })
  .map(({ id, parts, tokens, words }) => {
    const whole = create(CompleteResponseSchema, {
      id,
      finishReason: (tokens % 10) as FinishReason,
      nativeFinishReason: id,
      usage: { inputTokens: tokens, source: UsageSource.PROVIDER },
      cost: { priceList: id },
      routing: { model: id },
      createTime: { seconds: 7n },
      warnings: words.map((message) => ({ message })),
      logprobs: words.map((token) => ({ token, logprob: -1 })),
      providerMetadata: { p: { id } },
    });
    if (parts.length > 0) whole.message = create(ChatMessageSchema, { role: Role.ASSISTANT, content: parts });
    return whole;
  });

/** Cuts the text of a delta at every place that `cuts` says. */
export function split(event: Chunk, cuts: () => number): Chunk[] {
  if (event.case !== "partDelta" || typeof event.value.delta.value !== "string") return [event];
  const { index, delta } = event.value;
  const pieces: Chunk[] = [];
  let rest = event.value.delta.value;
  do {
    const length = Math.min(rest.length, cuts());
    const piece = { ...delta, value: rest.slice(0, length) } as typeof delta;
    pieces.push({ case: "partDelta", value: create(PartDeltaSchema, { index, delta: piece }) });
    rest = rest.slice(length);
  } while (rest !== "");
  return pieces;
}

/** Merges the events of parts in any order that keeps each part's own. */
export function interleave(events: Chunk[], pick: () => number): Chunk[] {
  const queues = new Map<number, Chunk[]>();
  for (const event of events) {
    const index = "index" in event.value ? event.value.index : -1;
    queues.set(index, [...(queues.get(index) ?? []), event]);
  }
  const merged: Chunk[] = [];
  while (queues.size > 0) {
    const keys = [...queues.keys()];
    const key = keys[pick() % keys.length] ?? 0;
    const queue = queues.get(key) ?? [];
    merged.push(...queue.splice(0, 1));
    if (queue.length === 0) queues.delete(key);
  }
  return merged;
}

import { create } from "@bufbuild/protobuf";
import { CompleteRequestSchema, PartStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { answerKey } from "../../src/cache/key.ts";
import { MemoryStore } from "../../src/limits/memory-store.ts";
import { type Chunk, textDelta } from "../../src/model/chunk.ts";
import { EventEncoder } from "../../src/services/event-encoder.ts";
import { SseParser } from "../../src/stream/sse.ts";
import { ChoicePieces } from "../../src/surfaces/chat/pieces.ts";
import { drawOf, ruleWith } from "../limits/steps.ts";
import { answerEvents, pieceEvent } from "./answers.ts";
import { spreadOf } from "./statistics.ts";

/** Something small that is done again and again. */
interface Part {
  readonly title: string;
  /** What a figure is divided by. */
  readonly units: number;
  run(): void;
}

const rounds = 9;
const roundMs = 60;
const warmMs = 300;
const nsPerMs = 1e6;

const chunk = pieceEvent(" quick");
/** What everything is compared with: it changes with the machine as they do, and never with the gateway. */
const reference: Part = { title: "reference: FNV-1a of a chunk", units: 1, run: () => void hashOf(chunk) };

const parts: readonly Part[] = [parsing(), encoding(), chatPieces(), admitting(), naming()];

const rows = parts.map((part) => {
  for (const each of [reference, part]) nsOf(each, warmMs);
  const pairs = Array.from({ length: rounds }, () => [nsOf(reference, roundMs), nsOf(part, roundMs)] as const);
  const ns = spreadOf(pairs.map(([, cost]) => cost)).median;
  const ratio = spreadOf(pairs.map(([unit, cost]) => cost / unit));
  return `| ${part.title} | ${ns.toFixed(0)} | ${[ratio.median, ratio.min, ratio.max].map(text).join(" | ")} |`;
});
process.stdout.write(
  `${reference.title} takes ${nsOf(reference, warmMs).toFixed(0)} ns here; medians of ${rounds} interleaved rounds.

| | ns | ÷ reference | least | most |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`,
);

/** Nanoseconds of CPU time, of all threads and so with the garbage collector's, that one unit takes. */
function nsOf({ run, units }: Part, durationMs: number): number {
  const before = process.cpuUsage();
  const endMs = performance.now() + durationMs;
  let runs = 0;
  for (; performance.now() < endMs; runs++) run();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 / (runs * units)) * nsPerMs;
}

function text(ratio: number): string {
  return ratio.toFixed(2);
}

/** A hundred deltas, as they come in a burst. */
function deltas(): Chunk[] {
  return Array.from({ length: 100 }, (_, i) => textDelta(0, ` word${i}`));
}

function parsing(): Part {
  const bytes = Buffer.concat(answerEvents);
  const run = () => new SseParser({ event: () => {} }).push(bytes);
  return { title: "SSE parser, per event of 300 bytes", units: answerEvents.length, run };
}

function encoding(): Part {
  const batch = deltas();
  const run = () => void new EventEncoder().encode(batch);
  return { title: "event encoder (gRPC), per delta", units: batch.length, run };
}

function chatPieces(): Part {
  const begin: Chunk = {
    case: "partStarted",
    value: create(PartStartedSchema, { part: { part: { case: "text", value: "" } } }),
  };
  const batch = [begin, ...deltas()];
  const frame = { head: 'data: {"id":"cmp_0","choices":[{"index":', tail: '}],"usage":null}\n\n' };
  // As bytes: a string that nobody reads is never put together.
  const run = () => void Buffer.from(new ChoicePieces(frame, 0).write(batch));
  return { title: "pieces of a chat completion, per delta", units: batch.length, run };
}

function admitting(): Part {
  let nowMs = 0;
  const store = new MemoryStore(() => nowMs++);
  const requests = ruleWith({ limit: 1_000_000 });
  const tokens = ruleWith({ metric: "tokens", limit: 2_000_000_000, algorithm: "sliding-window" });
  const draws = Array.from({ length: 1000 }, (_, i) => [drawOf(requests, 1, `k${i}`), drawOf(tokens, 300, `k${i}`)]);
  const run = () => {
    for (const each of draws) store.admit(each).settle([1, 200]);
  };
  return { title: "limits in memory, two for each of 1,000 keys, per call", units: draws.length, run };
}

function naming(): Part {
  const request = create(CompleteRequestSchema, {
    model: "openai/gpt-4o-mini",
    messages: [
      { role: Role.SYSTEM, content: [{ part: { case: "text", value: "Answer in one sentence." } }] },
      { role: Role.USER, content: [{ part: { case: "text", value: "What are gateways measured by?" } }] },
    ],
    maxOutputTokens: 256,
  });
  const place = { tenant: "", scope: "bench", generation: "g", policy: "", selectors: [request.model], affinity: "" };
  const secret = Buffer.alloc(32, 7);
  return { title: "cache key, per call", units: 1, run: () => void answerKey(secret, { ...place, request }) };
}

function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}

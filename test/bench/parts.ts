import { create } from "@bufbuild/protobuf";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { answerKey } from "../../src/cache/key.ts";
import { MemoryStore } from "../../src/limits/memory-store.ts";
import { EventEncoder } from "../../src/services/event-encoder.ts";
import { SseParser } from "../../src/stream/sse.ts";
import { ChoicePieces } from "../../src/surfaces/chat/pieces.ts";
import { drawOf, ruleWith } from "../limits/steps.ts";
import { answerEvents, pieceEvent } from "./answers.ts";
import { chainedCall } from "./chain.ts";
import { deltas, textBegins } from "./chunks.ts";
import { completeRequest } from "./request.ts";
import { ratioOf, spreadOf } from "./statistics.ts";

/** Something small that is done again and again. */
interface Part {
  readonly title: string;
  /** What a figure is divided by. */
  readonly units: number;
  run(): unknown;
}

const rounds = 9;
const roundMs = 60;
const warmMs = 300;
const nsPerMs = 1e6;

const chunk = pieceEvent(" quick");
/** What everything is compared with: it changes with the machine as they do, and never with the gateway. */
const reference: Part = { title: "reference: FNV-1a of a chunk", units: 1, run: () => hashOf(chunk) };

const parts: readonly Part[] = [parsing(), encoding(), chatPieces(), await chaining(), admitting(), naming()];

const rows: string[] = [];
for (const part of parts) rows.push(await rowOf(part));
process.stdout.write(
  `${reference.title} takes ${(await nsOf(reference, warmMs)).toFixed(0)} ns here; medians of ${rounds} interleaved rounds.

| | ns | ÷ reference | least | most |
| --- | --- | --- | --- | --- |
${rows.join("\n")}
`,
);
// Its chain has timers that go on.
process.exit();

async function rowOf(part: Part): Promise<string> {
  for (const each of [reference, part]) await nsOf(each, warmMs);
  const own: number[] = [];
  const units: number[] = [];
  for (let round = 0; round < rounds; round++) {
    units.push(await nsOf(reference, roundMs));
    own.push(await nsOf(part, roundMs));
  }
  const ratio = ratioOf(own, units);
  const cells = [ratio.median, ratio.min, ratio.max].map((each) => each.toFixed(2));
  return `| ${part.title} | ${spreadOf(own).median.toFixed(0)} | ${cells.join(" | ")} |`;
}

/** Nanoseconds of CPU time, of all threads and so with the garbage collector's, that one unit takes. */
async function nsOf({ run, units }: Part, durationMs: number): Promise<number> {
  const before = process.cpuUsage();
  const endMs = performance.now() + durationMs;
  let runs = 0;
  for (; performance.now() < endMs; runs++) {
    const running = run();
    if (running instanceof Promise) await running;
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / 1000 / (runs * units)) * nsPerMs;
}

function parsing(): Part {
  const bytes = Buffer.concat(answerEvents);
  const run = () => new SseParser({ event: () => {} }).push(bytes);
  return { title: "SSE parser, per event of 300 bytes", units: answerEvents.length, run };
}

function encoding(): Part {
  const batch = deltas();
  const run = () => new EventEncoder().encode(batch);
  return { title: "event encoder (gRPC), per delta", units: batch.length, run };
}

function chatPieces(): Part {
  const batch = [textBegins, ...deltas()];
  const frame = { head: 'data: {"id":"cmp_0","choices":[{"index":', tail: '}],"usage":null}\n\n' };
  // As bytes: a string that nobody reads is never put together.
  const run = () => Buffer.from(new ChoicePieces(frame, 0).write(batch));
  return { title: "pieces of a chat completion, per delta", units: batch.length, run };
}

async function chaining(): Promise<Part> {
  return {
    title: "all that stands around a call, with a provider that answers at once, per call",
    units: 1,
    run: await chainedCall(),
  };
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
  const request = create(CompleteRequestSchema, completeRequest("openai/gpt-4o-mini"));
  const place = { tenant: "", scope: "bench", generation: "g", policy: "", selectors: [request.model], affinity: "" };
  const secret = Buffer.alloc(32, 7);
  return { title: "cache key, per call", units: 1, run: () => answerKey(secret, { ...place, request }) };
}

function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}

import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StreamFinishedSchema, StreamStartedSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Rpc } from "../../../src/model/call.ts";
import { type Chunk, textDelta } from "../../../src/model/chunk.ts";
import { connectionLost } from "../../../src/model/departure.ts";
import type { Batch, EventStream } from "../../../src/services/event-stream.ts";
import { numberedIn } from "../../../src/services/resume/journal.ts";
import { KeptStreams } from "../../../src/services/resume/kept-streams.ts";
import { BatchQueue } from "../../../src/stream/batch-queue.ts";
import { callOf } from "../../interceptors/call/ended-call.ts";

const rules = {
  resume: true,
  keepMs: 60_000,
  heartbeatMs: 15_000,
  graceMs: 60_000,
  resetGraceMs: 0,
  bytesMax: 1024 ** 3,
  streamBytesMax: 1024 ** 3,
  shared: false,
};
const started: Chunk = { case: "started", value: create(StreamStartedSchema, { id: "cmp_1" }) };
const finished: Chunk = { case: "finished", value: create(StreamFinishedSchema, {}) };

/** Lets everything that is ready happen. */
const settled = () => new Promise(setImmediate);

/** A transport that reads on its own, for as long as it is let. */
class Reader {
  readonly events: EventStream;
  readonly #controller: AbortController;
  readonly #heard: Map<number, Chunk>;
  /** It takes a batch only when it may. */
  #allowed: number;
  #gone = false;
  readonly over: Promise<void>;

  constructor(open: (rpc: Rpc) => EventStream, heard: Map<number, Chunk>, allowed: number) {
    this.#controller = new AbortController();
    this.#heard = heard;
    this.#allowed = allowed;
    this.events = open({ ...callOf().rpc, signal: this.#controller.signal });
    this.over = this.#pump();
  }

  allow(batches: number): void {
    this.#allowed = batches;
  }

  /** As a transport does when its connection dies. */
  async lose(): Promise<void> {
    this.#gone = true;
    this.#controller.abort(connectionLost);
    await this.events.return();
  }

  async #pump(): Promise<void> {
    try {
      for (;;) {
        while (this.#allowed === 0 && !this.#gone) await settled();
        this.#allowed--;
        const { done, value } = await this.events.next();
        if (this.#gone || done === true) return;
        this.#take(value);
      }
    } catch {
      // Another reader has its place.
    }
  }

  #take(batch: Batch): void {
    for (const { sequence, event } of numberedIn(this.events.encode(batch))) {
      const before = this.#heard.get(sequence);
      if (before === undefined) this.#heard.set(sequence, event);
      else expect(event).toEqual(before);
    }
  }
}

const step = fc.oneof(
  fc.record({ say: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ allow: fc.integer({ min: 0, max: 4 }) }),
  fc.constant({ lose: true }),
  fc.record({ resume: fc.integer({ min: 0, max: 4 }) }),
  fc.constant({ wait: true }),
);

test("however connections break and readers come, each event has one number, and none is missing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const counts = { resumed: { value: 0 }, bytes: { value: 0 }, orphans: { value: 0 } };
      const store = new KeptStreams({ rules: () => rules, counts, log: () => undefined, now: () => 0 });
      const queue = new BatchQueue<Chunk>(
        () => undefined,
        () => undefined,
      );
      const said: Chunk[] = [];
      const say = (...chunks: Chunk[]) => {
        said.push(...chunks);
        queue.items.push(...structuredClone(chunks));
        queue.wake();
      };
      const heard = new Map<number, Chunk>();
      let token = "";
      const begin = (_: Rpc, given: string) => {
        token = given;
        return queue;
      };
      say(started);
      const resume = (after: number) => (rpc: Rpc) =>
        store.resume({ token, after, rpc, heartbeatMs: 0, over: () => undefined });
      const readers = [new Reader((rpc) => store.open(rpc, begin), heard, 1)];
      while (!heard.has(1)) await settled();
      for (const each of steps) {
        const newest = readers.at(-1);
        if ("say" in each) say(...Array.from({ length: each.say }, (_, i) => textDelta(0, `${said.length + i} `)));
        else if ("allow" in each) newest?.allow(each.allow);
        else if ("lose" in each) await newest?.lose();
        else if ("resume" in each) {
          const last = Math.max(...heard.keys());
          readers.push(new Reader(resume(Math.max(0, last - each.resume)), heard, each.resume));
        } else await settled();
      }
      say(finished);
      queue.end();
      readers.push(new Reader(resume(0), heard, Number.POSITIVE_INFINITY));
      for (const reader of readers) reader.allow(Number.POSITIVE_INFINITY);
      await Promise.all(readers.map(({ over }) => over));
      expect([...heard.entries()].sort(([a], [b]) => a - b)).toEqual(said.map((chunk, i) => [i + 1, chunk]));
      expect(counts.orphans.value).toBe(0);
    }),
    { numRuns: 300 },
  );
});

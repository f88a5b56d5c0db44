import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Chunk } from "../../src/model/chunk.ts";
import { GatewayError } from "../../src/model/error.ts";
import { Fold } from "../../src/model/fold.ts";
import type { Protocol } from "../../src/model/protocol.ts";
import { attemptAt } from "../support/attempt.ts";
import { protocols, requestOf, type Spoken } from "../support/every-dialect.ts";
import { cutAt } from "./cuts.ts";
import { recordedProviders, recordingsOf } from "./recording.ts";

/** Pieces of wire formats, which random bytes alone would hardly ever hit. */
const words = [
  "data: ",
  "event: ",
  "\n\n",
  "\r\n",
  "[DONE]",
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  ",",
  "null",
  "-1",
  "1e999",
  "\\ud800",
  '{"choices":[{"delta":{"content":"x"}}]}',
  '{"type":"message_start","message":{}}',
  '{"candidates":[{}]}',
  '{"message":{"content":"x"},"done":true}',
  '{"type":"response.completed","response":{}}',
  '{"error":{}}',
  '{"type":"content-delta","delta":{"message":{}}}',
  "\u0000\u0000\u0000\u0010",
  "é",
  "\ufeff",
];

const noise = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 24 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(...words).map((word) => Buffer.from(word)),
    ),
    {
      maxLength: 60,
    },
  )
  .map((parts) => Buffer.concat(parts));

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

/** What a reader makes of bytes: the pieces, and the error it gives up with. */
function read({ dialect, ...at }: Spoken<Protocol>, stream: boolean, pieces: readonly Buffer[]) {
  const out: Chunk[] = [];
  try {
    const reader = dialect.read(attemptAt(at, requestOf({ input: "hi" }), stream));
    for (const piece of pieces) reader.push(piece, out);
    reader.end(out);
    return { out, error: undefined };
  } catch (error) {
    return { out, error };
  }
}

/** Any end is fine but an exception nobody typed; and what was said before it must be an answer. */
function isSane({ out, error }: ReturnType<typeof read>, bytes: number): void {
  if (error !== undefined) expect(error).toBeInstanceOf(GatewayError);
  expect(out.length).toBeLessThanOrEqual(3 * bytes + 16);
  const fold = new Fold();
  for (const chunk of out) fold.add(chunk);
  fold.response();
}

function cut(body: Buffer, at: readonly number[]): Buffer[] {
  return cutAt(
    body,
    at.map((share) => Math.floor(share * body.length)).sort((a, b) => a - b),
  );
}

describe.each(protocols)("$kind: $dialect.name", (spoken) => {
  test.each([false, true])("noise is no answer, and no exception (stream: %s)", (stream) => {
    fc.assert(
      fc.property(noise, shares, (body, at) => isSane(read(spoken, stream, cut(body, at)), body.length)),
      { numRuns: 150 },
    );
  });

  test.each([false, true])("a line without end is given up (stream: %s)", (stream) => {
    const line = Buffer.alloc(512 * 1024, "x");
    for (const head of ["data: ", "", '{"a":"', '[{"a":"']) {
      const { out, error } = read(spoken, stream, [Buffer.from(head), ...Array<Buffer>(12).fill(line)]);
      expect(error).toBeInstanceOf(GatewayError);
      expect(out).toEqual([]);
    }
  });

  test.each([false, true])("nesting without end is given up (stream: %s)", (stream) => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const json = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
      for (const body of [json, `data: ${json}\n\n`, `{"error":${json}}\n`, `data: {"error":${json}}\n\n`]) {
        isSane(read(spoken, stream, [Buffer.from(body)]), body.length);
      }
    }
  });
});

const completions = (provider: string) => recordingsOf(provider).filter(({ operation }) => operation === "complete");

describe.each(recordedProviders().filter((provider) => completions(provider).length > 0))(
  "recordings of %s, damaged",
  (provider) => {
    const all = completions(provider);
    test.each(all.filter(({ body }) => body.length < 64 * 1024))(
      "$name",
      ({ body, streamed, provider: own, request }) => {
        const model = String(request["model"]).slice(provider.length + 1);
        const kind = own.kind ?? provider;
        const spoken = protocols.filter((each) => each.kind === kind);
        const damage = fc.record({
          at: fc.double({ min: 0, max: 0.999, noNaN: true }),
          length: fc.nat({ max: 40 }),
          put: fc.uint8Array({ maxLength: 8 }),
        });
        fc.assert(
          fc.property(damage, shares, ({ at, length, put }, cuts) => {
            const from = Math.floor(at * body.length);
            const damaged = Buffer.concat([body.subarray(0, from), put, body.subarray(from + length)]);
            for (const one of spoken) isSane(read({ ...one, model }, streamed, cut(damaged, cuts)), damaged.length);
          }),
          { numRuns: 60 },
        );
      },
    );
  },
);

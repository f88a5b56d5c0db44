import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema, CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { HotEdge, paths } from "./hot-edge.ts";
import { answerOf, envelope, messagesOf, RawConnection } from "./raw-call.ts";

const ask = (input: string) => envelope(toBinary(CompleteRequestSchema, create(CompleteRequestSchema, { input })));

function idOf(body: Buffer): string {
  const [only, ...more] = messagesOf(body);
  expect(more).toEqual([]);
  return fromBinary(CompleteResponseSchema, only ?? Buffer.alloc(0)).id;
}

test("a message arrives however it was cut", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const message = fc.string({ unit: "grapheme", maxLength: 300 });
  const cuts = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(message, cuts, async (input, cuts) => {
      const body = ask(input);
      const stream = connection.open(paths.complete);
      const bounds = [0, ...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
      for (const [i, from] of bounds.entries()) stream.write(body.subarray(from, bounds[i + 1] ?? from));
      stream.end();
      expect(idOf((await answerOf(stream)).body)).toBe(input);
    }),
    { numRuns: 30 },
  );
});

test.each([
  ["nothing", Buffer.alloc(0), "no message"],
  ["half an envelope", Buffer.alloc(3), "no message"],
  ["half a message", ask("hello").subarray(0, 8), "length"],
  ["two messages", Buffer.concat([ask("a"), ask("b")]), "more than one"],
  ["compression that was not announced", envelope(Buffer.from("x"), 1), "compressed"],
  ["no protobuf", envelope(Buffer.from([0xff, 0xff])), "llmhub.v1.CompleteRequest"],
])("%s is INVALID_REQUEST", async (_, body, words) => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const { headers, trailers, info } = await connection.call(paths.complete, body);
  expect(headers[":status"]).toBe(200);
  expect(trailers["grpc-status"]).toBe("3");
  expect(decodeURIComponent(String(trailers["grpc-message"]))).toContain(words);
  expect(info?.reason).toBe("INVALID_REQUEST");
  expect(edge.rejected).toMatchObject([
    { rejection: { method: paths.complete.slice(1), requestId: headers["x-request-id"] }, error: { code: 3 } },
  ]);
  expect(edge.admission.inFlight).toBe(0);
});

test("the limit is exact, and what exceeds it is refused before it has arrived", async () => {
  await using edge = await HotEdge.start({ limits: { requestBytesMax: 1000 } });
  await using connection = new RawConnection(edge.url);
  const overhead =
    toBinary(CompleteRequestSchema, create(CompleteRequestSchema, { input: "x".repeat(500) })).length - 500;
  const fits = ask("x".repeat(1000 - overhead));
  expect(idOf((await connection.call(paths.complete, fits)).body)).toHaveLength(1000 - overhead);

  const { trailers, info } = await connection.call(paths.complete, ask("x".repeat(1001 - overhead)));
  expect([trailers["grpc-status"], info?.reason, info?.metadata]).toEqual([
    "8",
    "PAYLOAD_TOO_LARGE",
    { limitBytes: "1000" },
  ]);

  const endless = connection.open(paths.complete);
  const announcing = Buffer.alloc(5);
  announcing.writeUInt32BE(1001, 1);
  endless.write(announcing);
  const refused = await answerOf(endless);
  expect([refused.info?.reason, refused.resetCode]).toEqual(["PAYLOAD_TOO_LARGE", 0]);
});

test("a message that does not come in time is DEADLINE_EXCEEDED", async () => {
  await using edge = await HotEdge.start({ limits: { bodyTimeoutMs: 30 } });
  await using connection = new RawConnection(edge.url);
  const slow = connection.open(paths.complete);
  slow.write(ask("hello").subarray(0, 7));
  const { trailers, info, resetCode } = await answerOf(slow);
  expect([trailers["grpc-status"], info?.reason, resetCode]).toEqual(["4", "DEADLINE_EXCEEDED", 0]);
  expect(edge.rejected).toMatchObject([{ error: { reason: "DEADLINE_EXCEEDED" } }]);
});

test("many small frames cost little more than the message", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const body = ask("x".repeat(50_000));
  const stream = connection.open(paths.complete);
  const before = process.memoryUsage().arrayBuffers;
  for (const byte of body) stream.write(Buffer.of(byte));
  stream.end();
  expect(idOf((await answerOf(stream)).body)).toHaveLength(50_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
});

test("a caller that leaves while it sends is no call", async () => {
  await using edge = await HotEdge.start();
  await using connection = new RawConnection(edge.url);
  const half = connection.open(paths.complete);
  half.write(ask("hello").subarray(0, 7));
  // The answer to a later call on the connection shows that the first has been seen.
  await connection.call(paths.complete, ask("next"));
  expect(edge.admission.inFlight).toBe(1);
  half.close(8);
  await answerOf(half);
  await connection.call(paths.complete, ask("next"));
  expect(edge.admission.inFlight).toBe(0);
});

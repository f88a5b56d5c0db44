import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../../gen/grpc/health/v1/health_pb.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream, within } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";

/** An upstream that begins a stream and ends it when it is told to. */
async function startPatient(dialect = chat) {
  const finish = Promise.withResolvers<void>();
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(dialect.preamble, dialect.text("Hel"));
    await finish.promise;
    await connection.chunk(dialect.text("lo"), dialect.finish, dialect.done);
    await connection.lastChunk();
  });
  return { upstream, finish: finish.resolve };
}

/** A stream whose first output has come. */
async function open(gateway: TestGateway) {
  const begun = Promise.withResolvers<void>();
  const onEvent = ({ event }: { event: { case: string | undefined } }) => {
    if (event.case === "partDelta") begun.resolve();
  };
  const answer = gateway.stream(request, { onEvent });
  await begun.promise;
  return { answer };
}

/**
 * How a call over HTTP/2 is turned away: its connection is refused, or it crossed the GOAWAY on the way, which the client
 * knows as a stream that was refused and may be repeated.
 */
const turnedAway = /ECONNREFUSED|REFUSED_STREAM|GATEWAY_DRAINING/;

/** Resolves when new calls are refused. */
async function refusing(gateway: TestGateway): Promise<void> {
  for (;;) {
    const { reasons } = (await (await fetch(`${gateway.opsUrl}/readyz`)).json()) as { reasons: string[] };
    if (reasons.includes("draining")) return;
  }
}

test("S23: a drain lets streams end, tells that it is not ready, and takes no new calls", async () => {
  const { upstream, finish } = await startPatient();
  await using disposed = upstream;
  const server = { drain: { delay: "200ms", timeout: "10s" } };
  await using gateway = await TestGateway.start({ providers: providerAt(disposed.url, chat.kind), server });
  const { answer } = await open(gateway);
  const health = createClient(Health, gateway.transport).watch({})[Symbol.asyncIterator]();
  expect((await health.next()).value?.status).toBe(Status.SERVING);
  expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(200);

  const drained = gateway.drain();
  expect((await health.next()).value?.status).toBe(Status.NOT_SERVING);
  const ready = await fetch(`${gateway.opsUrl}/readyz`);
  expect(ready.status).toBe(503);

  await refusing(gateway);
  expect((await gateway.failure(request)).message).toMatch(turnedAway);
  expect(disposed.requests.length).toBe(1);
  finish();
  const streamed = await answer;
  expect(streamed.error).toBeUndefined();
  expect(textOf(streamed)).toBe("Hello");
  await within(drained, 2000);
  await expect(fetch(`${gateway.opsUrl}/readyz`)).rejects.toThrow();
});

test.each(dialects)("S23: a stream that does not end is cut with a reason, $kind", async (dialect) => {
  const { upstream } = await startPatient(dialect);
  await using disposed = upstream;
  const server = { drain: { timeout: "100ms" } };
  await using gateway = await TestGateway.start({ providers: providerAt(disposed.url, dialect.kind), server });
  const { answer } = await open(gateway);
  const drained = gateway.drain();
  const { events, error } = await answer;
  expect(faultOf(error)).toEqual({
    code: "Unavailable",
    reason: "GATEWAY_DRAINING",
    cause: undefined,
    retry: true,
    attempts: ["GATEWAY_DRAINING"],
    outputStarted: true,
    usage: "estimated",
  });
  expect(events.at(-1)?.event.case).toBe("usage");
  await within(drained, 2000);
  await upstream.closed();
});

test("S23: who watches the health does not hold up the drain", async () => {
  const server = { drain: { timeout: "10s" } };
  await using gateway = await TestGateway.start({ providers: providerAt("http://127.0.0.1:1", chat.kind), server });
  const health = createClient(Health, gateway.transport).watch({})[Symbol.asyncIterator]();
  expect((await health.next()).value?.status).toBe(Status.SERVING);
  const drained = gateway.drain();
  expect((await health.next()).value?.status).toBe(Status.NOT_SERVING);
  await within(drained, 2000);
});

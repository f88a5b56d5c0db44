import { expect, test } from "vitest";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import { ask, type Play, stage, tellNumber } from "./cache-stage.ts";

const { HIT } = CacheStatus;

/** Stale as soon as the clock has moved. */
const cache = { enabled: true, ttl: "1ms", staleWhileRevalidate: "1h" };
const said = ({ message, routing }: CompleteResponse) => [message?.content[0]?.part.value, routing?.cacheStatus];

/** The clock moves on. */
async function moved(): Promise<void> {
  const nowMs = Date.now();
  while (Date.now() < nowMs + 3) await new Promise(setImmediate);
}

/** Answers the first call, and holds the others until it is told to go on. */
function held() {
  const gate = Promise.withResolvers<void>();
  const play: Play = async (connection, request, number) => {
    if (number > 1) await gate.promise;
    await tellNumber(connection, request, number);
  };
  return { play, open: gate.resolve };
}

test("what is stale is given at once and renewed by one call, which is told of and paid for", async () => {
  const { play, open } = held();
  await using at = await stage(play);
  const gateway = await at.gateway({ cache });
  await gateway.complete(ask);
  await moved();
  for (let i = 0; i < 3; i++) expect(said(await gateway.complete(ask))).toEqual(["answer 1", HIT]);
  while (at.upstream.requests.length < 2) await new Promise(setImmediate);
  open();
  while ((await gateway.metric("tokens_total")) < 20) await new Promise(setImmediate);
  await moved();
  expect(said(await gateway.complete(ask))).toEqual(["answer 2", HIT]);
  expect(await gateway.metric("cache_requests_total", { result: "stale" })).toBe(4);
  expect(await gateway.metric("cache_requests_total", { result: "miss" })).toBe(1);
  // Five calls that were made, and a renewal; that of the last call may be among them.
  expect(await gateway.metric("calls_total", { code: "OK" })).toBeGreaterThanOrEqual(6);
  expect(await gateway.metric("cost_dollars_total")).toBeGreaterThanOrEqual(0.00002);
});

test("a limit of the caller holds for renewals, too, and what is stale is given all the same", async () => {
  await using at = await stage();
  const gateway = await at.gateway({ cache, limits: [{ scope: "provider", requests: 1, per: "day" }] });
  await gateway.complete(ask);
  await moved();
  expect(said(await gateway.complete(ask))).toEqual(["answer 1", HIT]);
  while ((await gateway.metric("rate_limited_total")) < 1) await new Promise(setImmediate);
  expect(said(await gateway.complete(ask))).toEqual(["answer 1", HIT]);
  expect(at.upstream.requests).toHaveLength(1);
});

test("a gateway that stops cuts off the renewals that are under way", async () => {
  const { play } = held();
  await using at = await stage(play);
  const gateway = await at.gateway({ cache });
  await gateway.complete(ask);
  await moved();
  await gateway.complete(ask);
  while (at.upstream.requests.length < 2) await new Promise(setImmediate);
  await gateway.drain();
  await Promise.all(at.upstream.connections.map(({ closed }) => closed));
  expect(at.upstream.requests).toHaveLength(2);
});

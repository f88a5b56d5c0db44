import { expect, test } from "vitest";
import type { CompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import { ask, type Play, stage, tellNumber } from "./cache-stage.ts";

const { HIT, MISS } = CacheStatus;

const seen = ({ routing }: CompleteResponse) => [routing?.model, routing?.policy, routing?.cacheStatus];

/** A provider with two models, of which those that are down answer 503. */
async function twoModels(policy: object) {
  const down = new Set<string>();
  const play: Play = async (connection, request, number) => {
    if (down.has(JSON.parse(request.body).model)) await connection.respond(503, '{"error":{"message":"down"}}');
    else await tellNumber(connection, request, number);
  };
  const at = await stage(play);
  const targets = [{ model: "up/first" }, { model: "up/second" }];
  const gateway = await at.gateway({
    health: { breakers: false },
    models: { policies: { pair: { targets, ...policy } } },
  });
  const pair = { ...ask, model: "policies/pair" };
  return { at, gateway, down, pair, [Symbol.asyncDispose]: () => at[Symbol.asyncDispose]() };
}

test("an answer of the second choice does not outlive the failure of the first", async () => {
  await using staged = await twoModels({ maxAttempts: 2 });
  const { gateway, down, pair } = staged;
  down.add("first");
  for (let i = 0; i < 2; i++) expect(seen(await gateway.complete(pair))).toEqual(["up/second", "policies/pair", MISS]);
  down.clear();
  expect(seen(await gateway.complete(pair))).toEqual(["up/first", "policies/pair", MISS]);
  down.add("first");
  expect(seen(await gateway.complete(pair))).toEqual(["up/first", "policies/pair", HIT]);
  expect(staged.at.upstream.requests).toHaveLength(5);
});

test("one answer is good for a policy, and none for another choice of targets", async () => {
  await using staged = await twoModels({ strategy: "round-robin" });
  const { gateway, pair } = staged;
  const first = await gateway.complete(pair);
  expect(seen(await gateway.complete(pair))).toEqual([first.routing?.model, "policies/pair", HIT]);
  expect(seen(await gateway.complete({ ...pair, model: "up/first" }))).toEqual(["up/first", "", MISS]);
  const sticky = await gateway.complete({ ...pair, routing: { affinityKey: "a" } });
  expect(sticky.routing?.cacheStatus).toBe(MISS);
});

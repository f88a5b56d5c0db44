import fc from "fast-check";
import { expect, test } from "vitest";
import type { LimitConfig } from "../../src/config/schema.ts";
import type { Correction } from "../../src/limits/admission.ts";
import { MemoryStore } from "../../src/limits/memory-store.ts";
import { RedisStore } from "../../src/limits/redis-store.ts";
import type { Draw } from "../../src/limits/rule.ts";
import { limitScripts } from "../../src/limits/scripts.ts";
import type { SharedReservation } from "../../src/limits/shared-store.ts";
import { Secret } from "../../src/model/secret.ts";
import { RedisLink } from "../../src/storage/redis.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { drawOf, ruleWith } from "./steps.ts";

const startMs = 1_800_000_000_123;

/** A link that gives scripts the time it takes, for tests that hold the clock. */
async function linkTo({ port }: { readonly port: number }): Promise<RedisLink> {
  const link = await RedisLink.open(
    { url: new Secret(`redis://127.0.0.1:${port}`), keyPrefix: "t:", opTimeoutMs: 2000 },
    { changed: () => undefined, failed: () => undefined },
  );
  await link.settled(1000);
  return link;
}

/** Lua that reads the time of a test where the scripts would ask the server. */
const heldClock = "tonumber(redis.call('GET', 'clock'))";

test("all or nothing: what one limit refuses is taken from none", () => {
  const store = new MemoryStore(() => startMs);
  const [wide, narrow] = [ruleWith(), ruleWith({ scope: "model", limit: 1 })];
  const both = [drawOf(wide), drawOf(narrow, 1, "m")];
  expect(store.admit(both).verdict).toMatchObject({
    refusal: undefined,
    readings: [{ remaining: 4 }, { remaining: 0 }],
  });
  for (let i = 0; i < 3; i++) {
    expect(store.admit(both).verdict.refusal).toMatchObject({ draw: { rule: narrow }, waitMs: 60_000 });
  }
  expect(store.admit([drawOf(wide)]).verdict.readings[0]?.remaining).toBe(3);
});

test("a call that alone exceeds a limit is never admitted", () => {
  const store = new MemoryStore(() => startMs);
  const draws = [drawOf(ruleWith({ metric: "tokens" }), 6), drawOf(ruleWith({ scope: "ip", limit: 1 }))];
  expect(store.admit(draws).verdict.refusal).toMatchObject({ draw: draws[0], waitMs: undefined });
  // It is larger than a share of the limit only.
  const share = { ...drawOf(ruleWith({ metric: "tokens" }), 4), limit: 2 };
  expect(store.admit([share]).verdict.refusal).toMatchObject({ draw: share, waitMs: 1000 });
});

test("units are settled once", () => {
  const store = new MemoryStore(() => startMs);
  const draw = drawOf(ruleWith({ metric: "tokens", limit: 100 }), 40);
  const left = () => store.admit([{ ...draw, cost: 0 }]).verdict.readings[0]?.remaining;
  const held = store.admit([draw]);
  held.settle([10]);
  held.settle([0]);
  expect(left()).toBe(90);
});

test("what is remembered is bounded, and what is idle goes first", () => {
  let nowMs = startMs;
  const store = new MemoryStore(() => nowMs, 3);
  const rule = ruleWith({ limit: 1 });
  const admit = (subject: string) => store.admit([drawOf(rule, 1, subject)]).verdict.refusal === undefined;
  expect([admit("a"), admit("b")]).toEqual([true, true]);
  nowMs += 30_000;
  expect(admit("c")).toBe(true);
  nowMs += 30_000;
  expect([admit("d"), admit("c"), store.size]).toEqual([true, false, 3]);
});

interface Ask {
  readonly sinceMs: number;
  readonly costs: readonly number[];
  /** Tokens that the call which has been open longest is known to have used before this one; undefined: nothing is said of it. */
  readonly grown: number | undefined;
  /** Tokens used by calls that end before this one, the one that has been open longest first. */
  readonly ended: readonly number[];
}

const rules: fc.Arbitrary<LimitConfig[]> = fc
  .tuple(
    fc.constantFrom("token-bucket" as const, "fixed-window" as const, "sliding-window" as const),
    fc.constantFrom("token-bucket" as const, "fixed-window" as const, "sliding-window" as const),
    fc.integer({ min: 1, max: 30 }),
  )
  .map(([first, second, limit]) => [
    ruleWith({ limit, algorithm: first }),
    ruleWith({ metric: "tokens", limit: 10 * limit, algorithm: second, per: "hour" }),
    ruleWith({ metric: "concurrent", limit: 8, per: undefined }),
  ]);

const asks: fc.Arbitrary<Ask[]> = fc.array(
  fc.record({
    sinceMs: fc.oneof(fc.nat(50), fc.nat(4000), fc.nat(200_000)),
    costs: fc.tuple(fc.constant(1), fc.nat(120), fc.constant(1)),
    grown: fc.option(fc.nat(400), { nil: undefined }),
    ended: fc.array(fc.nat(400), { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
);

testWithRedis(
  "Redis decides and counts as the memory does",
  async () => {
    await using server = await RedisServer.start();
    const link = await linkTo(server);
    const scripts = limitScripts(heldClock);
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(rules, asks, async (rules, all) => {
        let nowMs = startMs;
        const memory = new MemoryStore(() => nowMs);
        const shared = new RedisStore(() => link, scripts);
        runs += 1;
        const open: { here: Correction; there: SharedReservation }[] = [];
        const told = (tokens: number, places: number) => [1, tokens, places];
        for (const [i, { sinceMs, costs, grown, ended }] of all.entries()) {
          nowMs += sinceMs;
          await server.client.set("clock", nowMs);
          for (const used of ended) {
            const [call] = open.splice(0, 1);
            if (call === undefined) break;
            call.here.settle(told(used, 0));
            await shared.settle(call.there, told(used, 0), false);
            await shared.settle(call.there, told(0, 0), false);
          }
          const [oldest] = open;
          if (oldest !== undefined && grown !== undefined) {
            oldest.here.raise(told(grown, 1));
            await shared.raise(oldest.there, told(grown, 1));
          }
          const draws: Draw[] = rules.map((rule, j) => ({
            ...drawOf(rule, costs[j], `run-${runs}`),
          }));
          // Leases live by the clock, which memory does not need: here they outlive the test.
          const there = { id: `${runs}-${i}`, draws, lifeMs: 1e10 };
          const here = memory.admit(draws);
          expect(await shared.admit(there)).toEqual(here.verdict);
          if (here.verdict.refusal === undefined) open.push({ here, there });
        }
      }),
      { numRuns: 60 },
    );
    await link.close();
  },
  60_000,
);

testWithRedis("a lease ends with its life, and a settlement of nothing changes nothing", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const store = new RedisStore(() => link, limitScripts(heldClock));
  const draws = [drawOf(ruleWith({ metric: "concurrent", limit: 1, per: undefined }))];
  const admitted = async (id: string, atMs: number) => {
    await server.client.set("clock", atMs);
    return (await store.admit({ id, draws, lifeMs: 5000 })).refusal === undefined;
  };
  expect([await admitted("a", startMs), await admitted("b", startMs + 4999)]).toEqual([true, false]);
  expect(await admitted("c", startMs + 5000)).toBe(true);
  await store.settle({ id: "a", draws, lifeMs: 5000 }, [0], false);
  await store.settle({ id: "unknown", draws, lifeMs: 5000 }, [0], false);
  expect(await admitted("d", startMs + 5001)).toBe(false);
  await link.close();
});

testWithRedis("what a call holds comes back at the end of its life if nobody settles it, and once", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const store = new RedisStore(() => link, limitScripts(heldClock));
  const dayMs = 1_800_000_000_000;
  let looks = 0;
  for (const algorithm of ["fixed-window", "sliding-window", "token-bucket"] as const) {
    const rule = ruleWith({ metric: "tokens", limit: 864_000, per: "day", algorithm });
    const call = (id: string, cost: number) => ({
      id: `${algorithm} ${id}`,
      draws: [drawOf(rule, cost)],
      lifeMs: 5000,
    });
    /** Units taken at a moment of the day, without those that have flowed back: ten a second. */
    const takenAt = async (ms: number) => {
      await server.client.set("clock", dayMs + ms);
      const [reading] = (await store.admit(call(`look ${looks++}`, 0))).readings;
      return 864_000 - (reading?.remaining ?? 0) + (algorithm === "token-bucket" ? Math.floor(ms / 100) : 0);
    };
    expect(await takenAt(0)).toBe(0);
    await store.admit(call("lost", 3000));
    const stream = call("stream", 1000);
    await store.admit(stream);
    await server.client.set("clock", dayMs + 1000);
    await store.raise(stream, [5000]);
    await store.raise(stream, [4000]);
    expect(await takenAt(4999)).toBe(8000);
    expect(await takenAt(5000)).toBe(5000);
    // What the stream took first is used up where it was noted apart: a window notes both in one slice.
    const usedUp = algorithm === "token-bucket" ? 1000 : 0;
    expect(await takenAt(6000)).toBe(usedUp);
    // Its gateway was only slow, and says what became of it after all.
    await store.settle(stream, [4200], false);
    expect(await takenAt(6000)).toBe(4200);
  }
  await link.close();
});

testWithRedis("a reservation that is settled before it is made is not made any more", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const store = new RedisStore(() => link);
  const draws = [drawOf(ruleWith({ metric: "tokens", limit: 100, algorithm: "sliding-window", per: "day" }), 60)];
  const late = { id: "late", draws, lifeMs: 60_000 };
  await store.settle(late, [0], true);
  await store.admit(late);
  const next = await store.admit({ ...late, id: "next" });
  expect(next).toEqual({ refusal: undefined, readings: [{ remaining: 40, resetMs: expect.any(Number) }] });
  await link.close();
});

testWithRedis("what was used while Redis was away is told when it is back", async () => {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server.port);
  const link = await linkTo(proxy);
  const store = new RedisStore(() => link);
  const draws = [drawOf(ruleWith({ metric: "concurrent", limit: 1, per: undefined }))];
  const first = { id: "first", draws, lifeMs: 60_000 };
  expect((await store.admit(first)).refusal).toBeUndefined();
  proxy.cut();
  await store.settle(first, [0], false);
  expect(store.waiting).toBe(1);
  proxy.heal();
  await expect.poll(() => link.cause, { timeout: 2000 }).toBeUndefined();
  await store.resume();
  expect(store.waiting).toBe(0);
  expect((await store.admit({ ...first, id: "second" })).refusal).toBeUndefined();
  await link.close();
});

testWithRedis("every key ends, and carries one hash tag", async () => {
  await using server = await RedisServer.start();
  const link = await linkTo(server);
  const store = new RedisStore(() => link);
  const draws = (["token-bucket", "fixed-window", "sliding-window"] as const).map((algorithm) =>
    drawOf(ruleWith({ algorithm, metric: "tokens" })),
  );
  const lease = drawOf(ruleWith({ metric: "concurrent", per: undefined }));
  await store.admit({ id: "a", draws: [...draws, lease], lifeMs: 60_000 });
  const keys = await server.keys();
  // The reservation, the counters, and what is held of three of them.
  expect(keys.length).toBe(1 + 4 + 3);
  for (const key of keys) {
    expect(key).toMatch(/^t:\{limits\}:/);
    expect(await server.client.pttl(key)).toBeGreaterThan(0);
  }
  await link.close();
});

testWithRedis(
  "a shard of a cluster takes all limits of a call in one script, whoever they count for",
  async () => {
    await using server = await RedisServer.start(["--cluster-enabled", "yes"]);
    await server.client.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await expect.poll(() => server.client.call("CLUSTER", "INFO"), { timeout: 10_000 }).toContain("cluster_state:ok");
    await expect(server.client.mget("t:{a}:x", "t:{b}:x")).rejects.toThrow("CROSSSLOT");
    const link = await linkTo(server);
    const store = new RedisStore(() => link);
    const draws = (["key", "tenant", "model", "provider", "ip"] as const).map((scope) =>
      drawOf(ruleWith({ scope, metric: "tokens" }), 1, `of {${scope}}`),
    );
    const call = { id: "{call}", draws, lifeMs: 60_000 };
    expect((await store.admit(call)).readings.map(({ remaining }) => remaining)).toEqual([4, 4, 4, 4, 4]);
    await store.raise(call, [3, 3, 3, 3, 3]);
    await store.settle(call, [2, 2, 2, 2, 2], false);
    const next = await store.admit({ ...call, id: "next" });
    expect(next.readings.map(({ remaining }) => remaining)).toEqual([2, 2, 2, 2, 2]);
    await link.close();
  },
  20_000,
);

import { expect, test } from "vitest";
import { MemoryStore } from "../../src/limits/memory-store.ts";
import { Reservations } from "../../src/limits/reservations.ts";
import { drawOf, ruleWith } from "./steps.ts";

const nowMs = 1_800_000_000_000;
const now = () => nowMs;
const requests = ruleWith({ metric: "requests", limit: 10, per: "day", algorithm: "fixed-window" });
const tokens = ruleWith({ metric: "tokens", limit: 100, per: "day", algorithm: "fixed-window" });
const places = ruleWith({ metric: "concurrent", limit: 2, per: undefined });

/** A call of a worker that takes one request, 40 tokens and a place. */
const call = (id: string) => ({
  id,
  draws: [drawOf(requests, 1), drawOf(tokens, 40), drawOf(places, 1)],
  lifeMs: 1000,
});

test("what a worker took is given back when it ends, but for the requests that were made", () => {
  const all = new Reservations(new MemoryStore(now), now);
  expect(all.admit(1, call("a")).refusal).toBeUndefined();
  expect(all.admit(2, call("b")).refusal).toBeUndefined();
  expect(all.admit(2, call("c")).refusal?.draw.rule.metric).toBeDefined();
  all.release(1);
  expect(all.admit(2, call("d")).readings.map(({ remaining }) => remaining)).toEqual([7, 20, 0]);
  expect(all.size).toBe(2);
});

test("a call that is settled holds nothing, and settling it again changes nothing", () => {
  const all = new Reservations(new MemoryStore(now), now);
  all.admit(1, call("a"));
  all.raise("a", [1, 60, 1]);
  all.settle("a", [1, 10, 0]);
  all.settle("a", [1, 90, 0]);
  all.settle("unknown", [1, 90, 0]);
  expect(all.size).toBe(0);
  expect(all.admit(1, call("b")).readings.map(({ remaining }) => remaining)).toEqual([8, 50, 1]);
});

test("the same call again takes the place of the one before", () => {
  const all = new Reservations(new MemoryStore(now), now);
  for (let i = 0; i < 2; i++) all.admit(1, { ...call("a"), draws: [drawOf(places, 1)] });
  expect(all.size).toBe(1);
  expect(all.admit(1, { ...call("b"), draws: [drawOf(places, 1)] }).refusal).toBeUndefined();
});

test("a reservation that nobody settles is given back after its life, as in Redis", () => {
  let later = nowMs;
  const all = new Reservations(new MemoryStore(() => later), () => later);
  const long = (id: string) => ({ id, draws: [drawOf(places, 1)], lifeMs: 30_000 });
  all.admit(1, { ...long("forgotten"), lifeMs: 1000 });
  all.admit(1, long("running"));
  expect(all.admit(1, long("refused")).refusal).toBeDefined();
  later += 10_000;
  expect(all.admit(1, long("next")).refusal).toBeUndefined();
  expect(all.admit(1, long("too many")).refusal).toBeDefined();
  expect(all.size).toBe(2);
});

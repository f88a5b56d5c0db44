import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cause, Entrance, type Entrant, type QueueRules } from "../../src/overload/entrance.ts";

/** An entrance whose clock and timers a test turns. */
class Door {
  nowMs = 0;
  limit = 1;
  hurryMs = Number.POSITIVE_INFINITY;
  rules: QueueRules = { queueMax: 10, waitMsMax: 1000 };
  readonly waits: number[] = [];
  readonly #timers: { readonly atMs: number; readonly run: () => void }[] = [];
  readonly entrance = new Entrance({
    rules: () => this.rules,
    limit: () => this.limit,
    hurryMs: () => this.hurryMs,
    now: () => this.nowMs,
    later: (run, ms) => void this.#timers.push({ atMs: this.nowMs + ms, run }),
    waited: (ms) => void this.waits.push(ms),
    refusal: (cause) => new Error(cause),
  });

  /** Lets time pass, millisecond by millisecond, with the timers in it. */
  pass(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.nowMs += 1;
      const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
      for (const timer of due) {
        this.#timers.splice(this.#timers.indexOf(timer), 1);
        timer.run();
      }
    }
  }

  /** Somebody who tells when it was let in, or why not. */
  come(tenant: string, untilMs = Number.POSITIVE_INFINITY): Visitor {
    return new Visitor(this, tenant, untilMs);
  }
}

class Visitor {
  state: "inside" | "waiting" | Cause | "left" = "inside";
  enteredMs = 0;
  readonly entrant: Entrant | undefined;
  readonly #door: Door;
  readonly #tenant: string;

  constructor(door: Door, tenant: string, untilMs: number) {
    this.#door = door;
    this.#tenant = tenant;
    try {
      this.entrant = door.entrance.enter(tenant, untilMs);
    } catch (error) {
      this.state = (error as Error).message as Cause;
      return;
    }
    if (this.entrant === undefined) return;
    this.state = "waiting";
    this.entrant.admitted.then(
      () => {
        this.state = "inside";
        this.enteredMs = door.nowMs;
      },
      (error: Error) => {
        this.state = error.message as Cause;
      },
    );
  }

  leave(): void {
    this.#door.entrance.leave(this.#tenant, this.entrant, new Error("left"));
  }
}

/** Promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("who finds room goes in at once, and a place that is left goes to who came first", async () => {
  const door = new Door();
  const [first, second, third] = [door.come("a"), door.come("a"), door.come("a")];
  expect(first?.entrant).toBeUndefined();
  expect(door.entrance.waiting).toBe(2);
  door.pass(20);
  first?.leave();
  await settled();
  expect([second?.state, third?.state]).toEqual(["inside", "waiting"]);
  expect(door.waits).toEqual([20]);
});

test("who came is refused when nobody more may wait, and when it has waited long enough", async () => {
  const door = new Door();
  door.rules = { queueMax: 1, waitMsMax: 50 };
  door.come("a");
  const waiting = door.come("a");
  expect(door.come("a").state).toBe("queue_full");
  door.pass(60);
  await settled();
  expect(waiting.state).toBe("queue_wait");
  expect(door.entrance.waiting).toBe(0);
});

test("nobody waits beyond its own time, and without any it is refused at once", async () => {
  const door = new Door();
  door.come("a");
  const hasty = door.come("a", 10);
  expect(door.come("a", 0).state).toBe("queue_full");
  door.pass(15);
  await settled();
  expect(hasty.state).toBe("queue_wait");
});

test("who leaves while it waits takes no place, however often it says so", async () => {
  const door = new Door();
  const first = door.come("a");
  const second = door.come("a");
  second.leave();
  second.leave();
  await settled();
  expect(second.state).toBe("left");
  first.leave();
  expect(door.entrance.inside).toBe(0);
});

test("a queue that stands serves the newest, and lets nobody wait long", async () => {
  const door = new Door();
  door.rules = { queueMax: 100, waitMsMax: 100 };
  const inside = door.come("a");
  for (let i = 0; i < 30; i++) {
    door.come("a");
    door.pass(5);
  }
  // It was never empty for more than 100 ms: a tenth of that is what is waited for now.
  await settled();
  expect(door.entrance.waiting).toBeLessThanOrEqual(3);
  const old = door.come("a");
  door.pass(1);
  const young = door.come("a");
  inside.leave();
  await settled();
  expect([old.state, young.state]).toEqual(["waiting", "inside"]);
});

test("while the process is late, waits are as short as it says", async () => {
  const door = new Door();
  door.hurryMs = 10;
  door.come("a");
  const waiting = door.come("a");
  door.pass(16);
  await settled();
  expect(waiting.state).toBe("queue_wait");
});

test("while the process is late few may wait, and the others hear so at once", () => {
  const door = new Door();
  door.rules = { queueMax: 1000, waitMsMax: 1000 };
  door.hurryMs = 10;
  door.come("noisy");
  const states = Array.from({ length: 50 }, () => door.come("noisy").state);
  expect(states.filter((state) => state === "waiting")).toHaveLength(32);
  expect(states.at(-1)).toBe("queue_full");
  // Who has nobody waiting still finds a place.
  expect(door.come("quiet").state).toBe("waiting");
  expect(door.entrance.waiting).toBe(32);
});

test("a full queue makes room for a tenant with fewer in it", async () => {
  const door = new Door();
  door.rules = { queueMax: 4, waitMsMax: 1000 };
  door.come("noisy");
  const noisy = Array.from({ length: 4 }, () => door.come("noisy"));
  const quiet = [door.come("quiet"), door.come("quiet"), door.come("quiet")];
  await settled();
  expect(noisy.map(({ state }) => state)).toEqual(["queue_full", "queue_full", "waiting", "waiting"]);
  expect(quiet.map(({ state }) => state)).toEqual(["waiting", "waiting", "queue_full"]);
});

test("a limit that grows lets the next in", async () => {
  const door = new Door();
  door.come("a");
  const waiting = door.come("a");
  door.limit = 2;
  door.pass(5);
  await settled();
  expect(waiting.state).toBe("inside");
});

test("a tenant that floods gets no more than its share while others want theirs", async () => {
  const door = new Door();
  door.limit = 10;
  door.rules = { queueMax: 200, waitMsMax: 10_000 };
  const visitors: [string, Visitor][] = Array.from({ length: 100 }, () => ["noisy", door.come("noisy")]);
  for (let i = 0; i < 20; i++) visitors.push(["quiet", door.come("quiet")]);
  for (let turn = 0; turn < 10; turn++) {
    door.pass(1);
    await settled();
    visitors.find(([tenant, { state }]) => tenant === "noisy" && state === "inside")?.[1].leave();
    const left = visitors.findIndex(([tenant, { state }]) => tenant === "noisy" && state === "inside");
    visitors.splice(left, 1);
  }
  await settled();
  const inside = (name: string) => visitors.filter(([tenant, { state }]) => tenant === name && state === "inside");
  expect(inside("quiet").length).toBeGreaterThanOrEqual(5);
});

/** So that everybody sees the moment of its admission. */
async function passSlowly(door: Door, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    door.pass(1);
    await settled();
  }
}

const step = fc.oneof(
  fc.record({ does: fc.constant("come" as const), tenant: fc.constantFrom("a", "b", "c"), forMs: fc.nat(60) }),
  fc.record({ does: fc.constant("leave" as const), index: fc.nat(30) }),
  fc.record({ does: fc.constant("pass" as const), ms: fc.nat(20) }),
  fc.record({ does: fc.constant("limit" as const), limit: fc.integer({ min: 0, max: 6 }) }),
  fc.record({ does: fc.constant("hurry" as const), ms: fc.constantFrom(10, Number.POSITIVE_INFINITY) }),
);

test("whatever happens: never above the limit, never above the queue, nobody goes in too late, and all places come back", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const door = new Door();
      door.rules = { queueMax: 5, waitMsMax: 40 };
      const visitors: { readonly visitor: Visitor; readonly cameMs: number; readonly untilMs: number }[] = [];
      for (const each of steps) {
        const before = door.entrance.inside;
        if (each.does === "come") {
          const untilMs = door.nowMs + each.forMs;
          visitors.push({ visitor: door.come(each.tenant, untilMs), cameMs: door.nowMs, untilMs });
        } else if (each.does === "leave") visitors[each.index]?.visitor.leave();
        else if (each.does === "pass") await passSlowly(door, each.ms);
        else if (each.does === "limit") door.limit = each.limit;
        else door.hurryMs = each.ms;
        if (each.does === "leave") visitors.splice(each.index, 1);
        await settled();
        expect(door.entrance.inside).toBeLessThanOrEqual(Math.max(before, door.limit));
        expect(door.entrance.waiting).toBeLessThanOrEqual(5);
        for (const { visitor, cameMs, untilMs } of visitors) {
          if (visitor.state !== "inside" || visitor.enteredMs === 0) continue;
          expect(visitor.enteredMs).toBeLessThan(untilMs);
          expect(visitor.enteredMs - cameMs).toBeLessThanOrEqual(40);
        }
      }
      for (const { visitor } of visitors) if (visitor.state !== "queue_full" || visitor.entrant) visitor.leave();
      await settled();
      expect(door.entrance.inside).toBe(0);
      expect(door.entrance.waiting).toBe(0);
    }),
    { numRuns: 60 },
  );
});

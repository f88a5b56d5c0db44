import fc from "fast-check";
import { expect, test } from "vitest";
import { type Waiter, Waiters } from "../../src/overload/waiters.ts";

const waiter = (tenant: string, sinceMs: number, untilMs = 1000): Waiter => ({ tenant, sinceMs, untilMs });

function queueOf(...waiters: Waiter[]): Waiters<Waiter> {
  const queue = new Waiters<Waiter>();
  for (const each of waiters) queue.push(each);
  return queue;
}

test("the tenant that has least goes first, and among equals the one that was served longest ago", () => {
  const queue = queueOf(waiter("a", 1), waiter("a", 2), waiter("a", 3), waiter("b", 4), waiter("b", 5), waiter("c", 6));
  const has = (tenant: string) => (tenant === "c" ? 5 : 0);
  const order = Array.from({ length: 6 }, () => queue.next(has, false));
  expect(order.map((each) => each?.sinceMs)).toEqual([1, 4, 2, 5, 3, 6]);
  expect(queue.next(has, false)).toBeUndefined();
});

test("of a tenant the oldest or the newest goes first", () => {
  const queue = queueOf(waiter("a", 1), waiter("a", 2), waiter("a", 3));
  expect(queue.next(() => 0, true)?.sinceMs).toBe(3);
  expect(queue.next(() => 0, false)?.sinceMs).toBe(1);
});

test("who waited long enough, or is out of time, is taken out wherever it stands", () => {
  const queue = queueOf(waiter("a", 0, 50), waiter("a", 10), waiter("b", 20, 30), waiter("b", 40));
  expect(queue.expire(50, 35).map(({ sinceMs }) => sinceMs)).toEqual([0, 10, 20]);
  expect(queue.size).toBe(1);
  expect(queue.sizeOf("a")).toBe(0);
});

test("the fullest tenant loses its oldest", () => {
  const queue = queueOf(waiter("a", 1), waiter("b", 2), waiter("b", 3));
  expect(queue.fullest()).toBe("b");
  expect(queue.evict("b")?.sinceMs).toBe(2);
  expect(queue.evict("nobody")).toBeUndefined();
  expect(queue.size).toBe(2);
});

const operation = fc.oneof(
  fc.record({ does: fc.constant("push" as const), tenant: fc.constantFrom("a", "b", "c"), forMs: fc.nat(40) }),
  fc.record({ does: fc.constant("next" as const), newest: fc.boolean() }),
  fc.record({ does: fc.constant("remove" as const), index: fc.nat(20) }),
  fc.record({ does: fc.constant("expire" as const), waitMs: fc.nat(30) }),
  fc.record({ does: fc.constant("evict" as const) }),
);

test("whatever is done, everybody is in it or out of it, once, and the sizes agree", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const queue = new Waiters<Waiter>();
      const inside = new Set<Waiter>();
      const out = (gone: Waiter | undefined) => gone === undefined || expect(inside.delete(gone)).toBe(true);
      for (const [nowMs, each] of operations.entries()) {
        if (each.does === "push") {
          const pushed = waiter(each.tenant, nowMs, nowMs + each.forMs);
          queue.push(pushed);
          inside.add(pushed);
        } else if (each.does === "next") out(queue.next(() => 0, each.newest));
        else if (each.does === "evict") out(queue.evict(queue.fullest() ?? ""));
        else if (each.does === "remove") {
          const victim = [...inside][each.index];
          if (victim !== undefined && queue.remove(victim)) inside.delete(victim);
        } else {
          for (const gone of queue.expire(nowMs, each.waitMs)) out(gone);
          for (const { untilMs, sinceMs } of inside) {
            expect(untilMs).toBeGreaterThan(nowMs);
            expect(nowMs - sinceMs).toBeLessThanOrEqual(each.waitMs);
          }
        }
        expect(queue.size).toBe(inside.size);
        const sizes = ["a", "b", "c"].map((tenant) => queue.sizeOf(tenant));
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(inside.size);
      }
    }),
  );
});

import { describe, expect, it } from "vitest";
import { type Expiring, TokenCache } from "../../src/credentials/token-cache.ts";
import { GatewayError } from "../../src/model/error.ts";
import { TestClock } from "./clock.ts";

const minuteMs = 60_000;

/** A cache whose fetches a test ends by hand. */
class Bench {
  readonly clock = new TestClock();
  readonly fetches: PromiseWithResolvers<Expiring<string>>[] = [];
  readonly missed: GatewayError[] = [];
  readonly cache = new TokenCache(
    () => {
      const fetch = Promise.withResolvers<Expiring<string>>();
      this.fetches.push(fetch);
      return fetch.promise;
    },
    { now: this.clock.now, renewalFailed: (error) => this.missed.push(error) },
  );

  /** Ends the latest fetch with a token. */
  async issue(value: string, lifeMs: number): Promise<void> {
    this.fetches.at(-1)?.resolve({ value, expiresMs: this.clock.ms + lifeMs });
    await new Promise(setImmediate);
  }

  async refuse(error: unknown = new GatewayError("PROVIDER_UNAVAILABLE", "nobody answers")): Promise<void> {
    this.fetches.at(-1)?.reject(error);
    await new Promise(setImmediate);
  }

  /** A bench that holds "first" for so long. */
  static async holding(lifeMs: number): Promise<Bench> {
    const bench = new Bench();
    const first = bench.cache.get();
    await bench.issue("first", lifeMs);
    expect(await first).toBe("first");
    return bench;
  }
}

describe("a good token", () => {
  it("is answered at once, without a promise", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    expect(bench.cache.get()).toBe("first");
    expect(bench.fetches).toHaveLength(1);
  });

  it.each([
    // Life, then what is left when it is renewed, and when it is no longer handed out.
    { life: 60 * minuteMs, renewLeft: 5 * minuteMs, staleLeft: 30_000 },
    { life: 24 * 60 * minuteMs, renewLeft: 5 * minuteMs, staleLeft: 30_000 },
    { life: 20 * minuteMs, renewLeft: 2 * minuteMs, staleLeft: 30_000 },
    { life: 5 * minuteMs, renewLeft: 30_000, staleLeft: 15_000 },
    { life: minuteMs, renewLeft: 6000, staleLeft: 3000 },
  ])("that lives $life ms is renewed with $renewLeft left, waited for with $staleLeft", async (row) => {
    const bench = await Bench.holding(row.life);
    const endMs = bench.clock.ms + row.life;
    bench.clock.ms = endMs - row.renewLeft - 1;
    expect(bench.cache.get()).toBe("first");
    expect(bench.fetches).toHaveLength(1);
    bench.clock.ms = endMs - row.renewLeft;
    expect(bench.cache.get()).toBe("first");
    expect(bench.fetches).toHaveLength(2);
    bench.clock.ms = endMs - row.staleLeft - 1;
    expect(bench.cache.get()).toBe("first");
    bench.clock.ms = endMs - row.staleLeft;
    const waiting = bench.cache.get();
    expect(waiting).toBeInstanceOf(Promise);
    await bench.issue("second", row.life);
    expect(await waiting).toBe("second");
    expect(bench.cache.get()).toBe("second");
    expect(bench.fetches).toHaveLength(2);
  });

  it("is fetched again when the clock was set back: its life is unknown then", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms -= minuteMs;
    expect(bench.cache.get()).toBe("first");
    bench.clock.ms -= 1;
    const waiting = bench.cache.get();
    await bench.issue("second", 60 * minuteMs);
    expect(await waiting).toBe("second");
  });
});

describe("one fetch at a time", () => {
  it("serves a hundred calls that wait", async () => {
    const bench = new Bench();
    const waiting = Array.from({ length: 100 }, () => bench.cache.get());
    await bench.issue("first", minuteMs);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(["first"]));
    expect(bench.fetches).toHaveLength(1);
  });

  it("serves a hundred calls that do not wait", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms += 56 * minuteMs;
    for (let i = 0; i < 100; i++) expect(bench.cache.get()).toBe("first");
    expect(bench.fetches).toHaveLength(2);
  });

  it("fails a hundred calls, each with an error of its own", async () => {
    const bench = new Bench();
    const waiting = Array.from({ length: 100 }, () => Promise.resolve(bench.cache.get()).catch((error) => error));
    await bench.refuse();
    const errors = await Promise.all(waiting);
    expect(errors.every((error) => error instanceof GatewayError && error.reason === "PROVIDER_UNAVAILABLE")).toBe(
      true,
    );
    expect(new Set(errors).size).toBe(100);
    expect(bench.fetches).toHaveLength(1);
  });
});

describe("a renewal that fails", () => {
  it("keeps the token and is tried again after pauses that grow to a minute", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms += 55 * minuteMs;
    for (const pauseMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      const before = bench.fetches.length;
      expect(bench.cache.get()).toBe("first");
      expect(bench.fetches).toHaveLength(before + 1);
      await bench.refuse();
      bench.clock.ms += pauseMs - 1;
      expect(bench.cache.get()).toBe("first");
      expect(bench.fetches).toHaveLength(before + 1);
      bench.clock.ms += 1;
    }
    expect(bench.missed.map(({ reason }) => reason)).toEqual(Array(8).fill("PROVIDER_UNAVAILABLE"));
  });

  it("is forgotten with the next that succeeds", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms += 56 * minuteMs;
    for (const pauseMs of [1000, 2000]) {
      bench.cache.get();
      await bench.refuse();
      bench.clock.ms += pauseMs;
    }
    bench.cache.get();
    await bench.issue("second", 60 * minuteMs);
    expect(bench.cache.get()).toBe("second");
    bench.clock.ms += 56 * minuteMs;
    bench.cache.get();
    await bench.refuse();
    expect(bench.fetches).toHaveLength(5);
    bench.clock.ms += 1000;
    bench.cache.get();
    expect(bench.fetches).toHaveLength(6);
  });
});

describe("a fetch that fails while calls wait", () => {
  it("is repeated once a second at most", async () => {
    const bench = new Bench();
    const first = Promise.resolve(bench.cache.get()).catch((error) => error.rawMessage);
    await bench.refuse();
    expect(await first).toBe("nobody answers");
    bench.clock.ms += 999;
    await expect(bench.cache.get()).rejects.toMatchObject({ rawMessage: "nobody answers" });
    expect(bench.fetches).toHaveLength(1);
    bench.clock.ms += 1;
    const second = bench.cache.get();
    expect(bench.fetches).toHaveLength(2);
    await bench.issue("late", minuteMs);
    expect(await second).toBe("late");
  });

  it("does not stand in the way when the clock was set back", async () => {
    const bench = new Bench();
    const first = Promise.resolve(bench.cache.get()).catch(() => "failed");
    await bench.refuse();
    expect(await first).toBe("failed");
    bench.clock.ms -= 60 * minuteMs;
    const second = bench.cache.get();
    await bench.issue("token", minuteMs);
    expect(await second).toBe("token");
  });

  it("rejects with INTERNAL for what is no failure of the token server", async () => {
    const bench = new Bench();
    const waiting = Promise.resolve(bench.cache.get()).catch((error) => error);
    await bench.refuse(new TypeError("private"));
    const error: GatewayError = await waiting;
    expect(error.reason).toBe("INTERNAL");
    expect(error.message).not.toContain("private");
  });
});

describe("a token that was refused", () => {
  it("is renewed behind the next call, though it has long to live", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms += minuteMs;
    bench.cache.distrust();
    expect([bench.cache.get(), bench.cache.get(), bench.fetches.length]).toEqual(["first", "first", 2]);
    await bench.issue("second", 60 * minuteMs);
    expect([bench.cache.get(), bench.fetches.length]).toEqual(["second", 2]);
  });

  it("is not renewed within a minute of its fetch: another would fare no better", async () => {
    const bench = await Bench.holding(60 * minuteMs);
    bench.clock.ms += minuteMs - 1;
    bench.cache.distrust();
    expect([bench.cache.get(), bench.fetches.length]).toEqual(["first", 1]);
  });

  it("need not be there any more", () => {
    const bench = new Bench();
    bench.cache.distrust();
    expect(bench.fetches.length).toBe(0);
  });
});

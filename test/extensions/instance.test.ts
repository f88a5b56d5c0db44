import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ExtensionConfig } from "../../src/config/schema.ts";
import { Instance } from "../../src/extensions/instance.ts";
import { extensionLogger } from "../../src/extensions/logger.ts";
import { ExtensionFamilies } from "../../src/extensions/metrics.ts";
import { Secret } from "../../src/model/secret.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { memoryLogger } from "../support/memory-logger.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const config: ExtensionConfig = {
  name: "own",
  module: "/own.js",
  digest: "d",
  exportName: "extension",
  place: "before-cache",
  onFailure: "fail",
  settings: new Secret("{}"),
  at: "hub.yaml:1:1",
  path: "extensions[0]",
};
const shared = {
  logger: extensionLogger(memoryLogger(), "own"),
  metrics: new ExtensionFamilies(new Metrics("test").registry).of("own"),
  clock: { nowMs: () => 0, wallMs: () => 0 },
};

test("an init that takes longer than 10 s is given up, and what it opens later is closed", async () => {
  const close = vi.fn();
  const { promise, resolve } = Promise.withResolvers<{ close: () => void }>();
  let signal: AbortSignal | undefined;
  const init = (context: { signal: AbortSignal }) => {
    signal = context.signal;
    return promise;
  };
  const opening = Instance.open(config, { init }, {}, shared);
  const refused = expect(opening).rejects.toMatchObject({ rawMessage: "init took longer than 10 s" });
  await vi.advanceTimersByTimeAsync(9999);
  expect(signal?.aborted).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  await refused;
  expect(signal?.aborted).toBe(true);
  resolve({ close });
  await vi.waitFor(() => expect(close).toHaveBeenCalledOnce());
  expect(vi.getTimerCount()).toBe(0);
});

test("a close that takes longer than 5 s is given up, and is called once", async () => {
  const close = vi.fn(() => new Promise<void>(() => undefined));
  const instance = await Instance.open(config, { init: () => ({ close }) }, {}, shared);
  const closing = expect(instance.close()).rejects.toMatchObject({ rawMessage: "close took longer than 5 s" });
  await vi.advanceTimersByTimeAsync(5000);
  await closing;
  await expect(instance.close()).rejects.toThrow();
  expect(close).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

test("log lines of an extension bear its name and are bounded", () => {
  const lines: string[] = [];
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, "x".repeat(999)]));
  extensionLogger(memoryLogger(lines), "own").warn("m".repeat(999), many);
  const { level, message, extension, facts } = JSON.parse(lines[0] ?? "");
  expect([level, message.length, extension]).toEqual(["warn", 256, "own"]);
  expect(Object.values<string>(facts).map(({ length }) => length)).toEqual(Array.from({ length: 16 }, () => 256));
});

test("a log line is never the reason why a call fails", () => {
  const lines: string[] = [];
  const unreadable = { a: Object.create(null), b: 1 };
  extensionLogger(memoryLogger(lines), "own").warn("m", unreadable);
  expect(lines.map((line) => JSON.parse(line).facts)).toEqual([{ a: "object", b: 1 }]);
});

test("metrics of an extension have its prefix, outlive it, and are bounded", async () => {
  const { registry } = new Metrics("test");
  const families = new ExtensionFamilies(registry);
  const metrics = families.of("my-own");
  metrics.counter("seen_total", "Seen.", ["kind"]).cell("a").value += 2;
  families.of("my-own").counter("seen_total", "Seen.", ["kind"]).cell("a").value += 1;
  expect(await registry.getSingleMetricAsString("llmhub_extension_my_own_seen_total")).toContain('{kind="a"} 3');
  metrics.gauge("seen_total", "Now a gauge.").cell().value = 7;
  expect(await registry.getSingleMetricAsString("llmhub_extension_my_own_seen_total")).toContain("seen_total 7");
  for (const name of ["", "Seen", "a-b", "x".repeat(41)]) expect(() => metrics.counter(name, "")).toThrow(/lower-case/);
  expect(() => metrics.counter("n", "", ["a", "a"])).toThrow(/lower-case/);
  expect(() => metrics.counter("n", "", ["a", "b", "c", "d", "e"])).toThrow(/4 labels/);
  for (let i = 1; i < 20; i++) metrics.counter(`n${i}`, "");
  expect(() => metrics.counter("one_more", "")).toThrow(/20/);
  expect(families.of("other").counter("one_more", "").cell().value).toBe(0);
});

test("no extension gets at the numbers of another, whose name begins as its own does", () => {
  const families = new ExtensionFamilies(new Metrics("test").registry);
  const [short, long] = [families.of("my"), families.of("my-own")];
  long.counter("seen_total", "Seen.").cell().value = 5;
  expect(() => short.counter("own_seen_total", "Seen.")).toThrow(/another extension/);
  expect(() => short.gauge("own_seen_total", "Seen.")).toThrow(/another extension/);
  expect(long.counter("seen_total", "Seen.").cell().value).toBe(5);
  for (let i = 1; i < 20; i++) long.counter(`n${i}`, "");
  // Its own are counted, and no others.
  expect(short.counter("n", "").cell().value).toBe(0);
});

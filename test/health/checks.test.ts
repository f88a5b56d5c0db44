import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HealthChecks } from "../../src/health/checks.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Provider } from "../../src/model/target.ts";

const settings = { enabled: true, intervalMs: 30_000, timeoutMs: 5000 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function provider(id: string, check: Provider["check"]): Provider {
  const timeouts = { firstOutputMs: 1, idleMs: 1, totalMs: 1 };
  return { id, displayName: id, models: new Map(), defaultModel: undefined, timeouts, ...(check && { check }) };
}

function checks() {
  const results: string[] = [];
  const health = new HealthChecks({
    random: () => 0.5,
    checked: ({ id }, error) => results.push(`${id} ${error?.reason ?? "ok"}`),
  });
  return { health, results };
}

test("each provider that can be checked is, again and again", async () => {
  const { health, results } = checks();
  const refused = new GatewayError("PROVIDER_CREDENTIAL_INVALID", "");
  health.configure(
    [provider("a", async () => undefined), provider("b", () => Promise.reject(refused)), provider("silent", undefined)],
    settings,
  );
  await vi.advanceTimersByTimeAsync(1000);
  expect(results).toEqual(["a ok", "b PROVIDER_CREDENTIAL_INVALID"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(results).toHaveLength(6);
  health.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(results).toHaveLength(6);
});

test("one that does not answer fails in time, and is asked once at a time", async () => {
  const { health, results } = checks();
  let open = 0;
  let most = 0;
  const hanging = provider("a", (signal) => {
    most = Math.max(most, ++open);
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        open--;
        reject(new Error("aborted"));
      }),
    );
  });
  health.configure([hanging], { ...settings, intervalMs: 1000 });
  await vi.advanceTimersByTimeAsync(13_000);
  expect(results).toEqual(["a PROVIDER_TIMEOUT", "a PROVIDER_TIMEOUT"]);
  expect([open, most]).toEqual([1, 1]);
  health.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([open, results.length]).toEqual([0, 2]);
});

test("a reload keeps the pace of those that stay, and ends those that go", async () => {
  const { health, results } = checks();
  const [a, b] = [provider("a", async () => undefined), provider("b", async () => undefined)];
  health.configure([a, b], settings);
  await vi.advanceTimersByTimeAsync(1000);
  health.configure([a], settings);
  await vi.advanceTimersByTimeAsync(29_499);
  expect(results).toEqual(["a ok", "b ok"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(results).toEqual(["a ok", "b ok", "a ok"]);
  health.configure([a], { ...settings, enabled: false });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(results).toHaveLength(3);
});

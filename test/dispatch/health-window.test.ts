import { expect, test } from "vitest";
import { HealthState } from "../../gen/llmhub/v1/model_service_pb.ts";
import { HealthWindow } from "../../src/dispatch/health-window.ts";

const startMs = Date.UTC(2030, 0, 1);

function windowAt() {
  const clock = { nowMs: startMs };
  const window = new HealthWindow(() => clock.nowMs);
  const observe = (failed: boolean, firstOutputMs?: number) =>
    window.observe({ failed, reason: failed ? "PROVIDER_UNAVAILABLE" : "", firstOutputMs });
  return { clock, window, observe };
}

test("nothing seen is healthy", () => {
  expect(windowAt().window.snapshot()).toEqual({
    state: HealthState.HEALTHY,
    errorRate: 0,
    p50: undefined,
    p95: undefined,
    observeTime: startMs,
    lastErrorReason: "",
  });
});

test.each([
  [0, 10, HealthState.HEALTHY],
  [1, 10, HealthState.HEALTHY],
  [1, 9, HealthState.DEGRADED],
  [2, 3, HealthState.DEGRADED],
  [4, 0, HealthState.DEGRADED],
  [5, 0, HealthState.UNAVAILABLE],
  [3, 3, HealthState.UNAVAILABLE],
  [49, 51, HealthState.DEGRADED],
])("%i failures and %i answers", (failures, answers, state) => {
  const { window, observe } = windowAt();
  for (let count = 0; count < failures; count++) observe(true);
  for (let count = 0; count < answers; count++) observe(false, 10);
  expect(window.snapshot()).toMatchObject({ state, errorRate: failures / (failures + answers) });
});

test("times to first output by nearest rank, whatever their order", () => {
  const { window, observe } = windowAt();
  for (let count = 100; count >= 1; count--) observe(false, count);
  observe(true);
  expect(window.snapshot()).toMatchObject({ p50: 50, p95: 95 });
});

test("forgets after five minutes", () => {
  const { clock, window, observe } = windowAt();
  for (let count = 0; count < 5; count++) observe(true);
  clock.nowMs += 299_999;
  observe(false, 7);
  expect(window.snapshot()).toMatchObject({ errorRate: 5 / 6, lastErrorReason: "PROVIDER_UNAVAILABLE" });
  clock.nowMs += 1;
  expect(window.snapshot()).toMatchObject({ state: HealthState.HEALTHY, errorRate: 0, p50: 7, lastErrorReason: "" });
});

test("keeps the last 256", () => {
  const { window, observe } = windowAt();
  for (let count = 0; count < 300; count++) observe(true);
  for (let count = 0; count < 255; count++) observe(false, count);
  expect(window.snapshot().errorRate).toBeCloseTo(1 / 256);
  observe(false, 1);
  expect(window.snapshot().errorRate).toBe(0);
});

test("names the last failure", () => {
  const { window } = windowAt();
  window.observe({ failed: true, reason: "PROVIDER_TIMEOUT", firstOutputMs: undefined });
  window.observe({ failed: true, reason: "PROVIDER_OVERLOADED", firstOutputMs: undefined });
  window.observe({ failed: false, reason: "", firstOutputMs: 3 });
  expect(window.snapshot().lastErrorReason).toBe("PROVIDER_OVERLOADED");
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Circuit, type CircuitState, type Verdict } from "../../src/health/circuit.ts";

const trialAfterMs = 1000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function circuitOf(random = 0) {
  const changes: CircuitState[] = [];
  const circuit = new Circuit({
    nowMs: () => performance.now(),
    random: () => random,
    trialAfterMs,
    changed: (state) => changes.push(state),
  });
  return { circuit, changes };
}

/** Attempts that begin and end one after the other. */
async function attempts(circuit: Circuit, ...verdicts: Verdict[]): Promise<void> {
  for (const verdict of verdicts) circuit.note(verdict, circuit.begin());
  await vi.advanceTimersByTimeAsync(0);
}

const failures = (count: number): Verdict[] => Array<Verdict>(count).fill("failed");
const successes = (count: number): Verdict[] => Array<Verdict>(count).fill("ok");

test.each<[string, Verdict[], CircuitState]>([
  ["four failures are no evidence", failures(4), "closed"],
  ["five failures", failures(5), "open"],
  ["half of the attempts", [...successes(5), ...failures(5)], "open"],
  ["less than half", [...successes(51), ...failures(49)], "closed"],
  ["two of five", [...successes(3), ...failures(2)], "closed"],
  ["what is not counted", Array<Verdict>(100).fill("nothing"), "closed"],
  ["what is not counted does not thin the failures", [...Array<Verdict>(100).fill("nothing"), ...failures(5)], "open"],
])("%s", async (_what, verdicts, state) => {
  const { circuit } = circuitOf();
  await attempts(circuit, ...verdicts);
  expect(circuit.state).toBe(state);
  expect(circuit.waitMs()).toBe(state === "open" ? trialAfterMs : 0);
  circuit.end();
});

test("attempts that run do not count until they end, however many and however long", async () => {
  const { circuit } = circuitOf();
  for (let i = 0; i < 1000; i++) circuit.begin();
  await vi.advanceTimersByTimeAsync(60_000);
  await attempts(circuit, ...failures(5));
  expect(circuit.state).toBe("open");
});

test("failures are forgotten after ten seconds", async () => {
  const { circuit } = circuitOf();
  await attempts(circuit, ...failures(4));
  await vi.advanceTimersByTimeAsync(8900);
  await attempts(circuit, "ok");
  expect(circuit.state).toBe("closed");
  await vi.advanceTimersByTimeAsync(1100);
  await attempts(circuit, "failed");
  expect(circuit.state).toBe("closed");
});

test("one trial at a time; a success closes it and forgets what was", async () => {
  const { circuit, changes } = circuitOf();
  await attempts(circuit, ...failures(5));
  await vi.advanceTimersByTimeAsync(999);
  expect(circuit.waitMs()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(circuit.waitMs()).toBe(0);
  const trial = circuit.begin();
  expect(circuit.waitMs()).toBe(trialAfterMs);
  circuit.note("ok", trial);
  await vi.advanceTimersByTimeAsync(0);
  expect(changes).toEqual(["open", "half_open", "closed"]);
  await attempts(circuit, ...failures(4));
  expect(circuit.state).toBe("closed");
  await attempts(circuit, "failed");
  expect(circuit.state).toBe("open");
});

test("a trial that fails opens it for as long again", async () => {
  const { circuit, changes } = circuitOf();
  await attempts(circuit, ...failures(5));
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  await attempts(circuit, "failed");
  expect(changes).toEqual(["open", "half_open", "open"]);
  expect(circuit.waitMs()).toBe(trialAfterMs);
});

test("a trial that says nothing makes room for the next", async () => {
  const { circuit } = circuitOf();
  await attempts(circuit, ...failures(5));
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  await attempts(circuit, "nothing");
  expect([circuit.state, circuit.waitMs()]).toEqual(["half_open", 0]);
});

test.each<Verdict>(["ok", "failed"])("what began before it opened changes nothing: %s", async (verdict) => {
  const { circuit } = circuitOf();
  const early = circuit.begin();
  await attempts(circuit, ...failures(5));
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  circuit.note(verdict, early);
  await vi.advanceTimersByTimeAsync(0);
  expect(circuit.state).toBe("half_open");
});

test("a trial of an earlier opening does not end the one under way", async () => {
  const { circuit } = circuitOf();
  await attempts(circuit, ...failures(5));
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  const stale = circuit.begin();
  circuit.open();
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  circuit.begin();
  circuit.note("ok", stale);
  await vi.advanceTimersByTimeAsync(0);
  expect([circuit.state, circuit.waitMs()]).toEqual(["half_open", trialAfterMs]);
});

test("chance moves the trial by up to a fifth", async () => {
  const { circuit } = circuitOf(0.5);
  await attempts(circuit, ...failures(5));
  expect(circuit.waitMs()).toBe(1100);
});

test("after its end no trial comes, and late news do no harm", async () => {
  const { circuit, changes } = circuitOf();
  const late = circuit.begin();
  await attempts(circuit, ...failures(5));
  circuit.end();
  circuit.note("failed", late);
  await vi.advanceTimersByTimeAsync(trialAfterMs);
  expect(changes).toEqual(["open"]);
});

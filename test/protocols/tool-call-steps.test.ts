import { Session } from "node:inspector/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { unknownFacts } from "../../src/catalog/facts.ts";
import type { Chunk } from "../../src/model/chunk.ts";
import { type ToolDialect, toolDialects } from "../e2e/faults/tool-dialects.ts";
import { attemptAt } from "../support/attempt.ts";
import { requestOf } from "../support/every-dialect.ts";

const bytesOf = ({ preamble, begin, grow, end, finish }: ToolDialect, count: number): Buffer => {
  const each = Array.from({ length: count }, (_, i) => i);
  const fragments = Array.from({ length: 4 }, () => each.map((i) => grow(i, "12")).join(""));
  // The same id for all: each is replaced by one that is free.
  const calls = each.map((i) => begin(i, "same", "f")).join("");
  return Buffer.from(preamble + calls + fragments.join("") + each.map(end).join("") + finish);
};

const session = new Session();

// From before the code first runs: what is compiled already is counted by whole functions only.
beforeAll(async () => {
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
});
afterAll(() => session.disconnect());

/** How often blocks of the product's code were entered since the last time. */
async function steps(): Promise<number> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  return result
    .filter(({ url }) => url.includes("/src/"))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

test.each(toolDialects)("U26: four times the tool calls take four times the steps, $kind", async (dialect) => {
  const at = { kind: dialect.kind, model: "m-1", facts: unknownFacts };
  const stepsFor = async (count: number): Promise<number> => {
    const bytes = bytesOf(dialect, count);
    const reader = dialect.protocol.read(attemptAt(at, requestOf({}), true));
    const out: Chunk[] = [];
    await steps();
    reader.push(bytes, out);
    const taken = await steps();
    expect(out.filter((chunk) => chunk.case === "partStarted").length).toBe(count);
    return taken;
  };
  const [few, many] = [await stepsFor(200), await stepsFor(800)];
  expect(few).toBeGreaterThan(200 * 5);
  expect(many / few).toBeLessThan(4.4);
});

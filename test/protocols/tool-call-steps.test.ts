import { Session } from "node:inspector/promises";
import { expect, test } from "vitest";
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

/** How often blocks of the product's code were entered while this ran. */
async function stepsOf(run: () => void): Promise<number> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  try {
    run();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    return result
      .filter(({ url }) => url.includes("/src/"))
      .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
      .reduce((sum, count) => sum + count, 0);
  } finally {
    await session.post("Profiler.stopPreciseCoverage");
    session.disconnect();
  }
}

test.each(toolDialects)("U26: four times the tool calls take four times the steps, $kind", async (dialect) => {
  const at = { kind: dialect.kind, model: "m-1", facts: unknownFacts };
  const steps = async (count: number): Promise<number> => {
    const bytes = bytesOf(dialect, count);
    const reader = dialect.protocol.read(attemptAt(at, requestOf({}), true));
    const out: Chunk[] = [];
    const taken = await stepsOf(() => reader.push(bytes, out));
    expect(out.filter((chunk) => chunk.case === "partStarted").length).toBe(count);
    return taken;
  };
  await steps(10);
  const [few, many] = [await steps(200), await steps(800)];
  expect(few).toBeGreaterThan(200 * 5);
  expect(many / few).toBeLessThan(4.4);
});

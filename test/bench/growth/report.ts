import type { Axis } from "./axis.ts";
import type { Cost, Found } from "./measure.ts";

/** What was found on one axis. */
export interface Row extends Found {
  readonly axis: Pick<Axis, "title" | "unit">;
}

/** Beyond this the cost of a unit grows with the size: something is done again for each unit that was before it. */
const slopeMax = 3;

/** Cost of a unit at the largest size, divided by that at the one before. */
export function slopeOf({ costs }: Found): number {
  const [middle, large] = costs.slice(-2);
  return (large?.us ?? Number.NaN) / (middle?.us ?? Number.NaN);
}

/** A sentence for each axis on which the cost grows grossly. */
export function grossSlopes(rows: readonly Row[]): readonly string[] {
  return rows
    .filter((row) => !(slopeOf(row) <= slopeMax))
    .map((row) => `${row.axis.title}: ${row.problem ?? grown(row)}`);
}

function grown(row: Row): string {
  return `a ${row.axis.unit} costs ${slopeOf(row).toFixed(1)} × at the largest size`;
}

/** The findings as Markdown. */
export function tableOf(rows: readonly Row[]): string {
  return [
    "| what grows | little | middle | much | much ÷ middle |",
    "| --- | --- | --- | --- | --- |",
    ...rows
      .filter(({ costs }) => costs.length > 0)
      .map((row) => {
        const cells = row.costs.map((cost) => cellOf(cost, row.axis.unit));
        return `| ${[row.axis.title, ...cells, slopeOf(row).toFixed(2)].join(" | ")} |`;
      }),
    ...rows.filter(({ costs }) => costs.some(({ start }) => start !== undefined)).map(startsOf),
    "",
  ].join("\n");
}

function cellOf({ size, us }: Cost, unit: string): string {
  return `${size.toLocaleString("en")}: ${us < 100 ? us.toFixed(1) : us.toFixed(0)} µs/${unit}`;
}

function startsOf({ axis, costs }: Row): string {
  const each = costs.map(
    ({ size, start }) => `${size.toLocaleString("en")} ${start?.ms.toFixed(0)} ms, ${start?.mb.toFixed(0)} MB`,
  );
  return `\nStart to serving and memory at rest, ${axis.title}: ${each.join("; ")}.`;
}

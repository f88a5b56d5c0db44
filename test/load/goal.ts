/** One thing that a load is to show, with what was measured. */
export interface Goal {
  readonly text: string;
  readonly measured: string;
  /** Undefined: this run was too short to tell. */
  readonly held: boolean | undefined;
  /** Missed by so much that no noise of a machine explains it. */
  readonly gross: boolean;
}

/** One load and its goals. */
export interface Row {
  readonly id: string;
  /** "P1": a miss is told and nothing more. */
  readonly priority: "P0" | "P1";
  readonly load: string;
  readonly goals: readonly Goal[];
}

/** A figure, its limit, and how both are written. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly limit: number;
  readonly unit?: string;
  readonly digits?: number;
  /** Missed grossly beyond it; absent: twice, or half, of the limit. */
  readonly gross?: number;
  /** What stands beside the figure. */
  readonly note?: string;
  /** False: the run was too short to tell. */
  readonly judged?: boolean;
}

/** A figure that is to stay within its limit. NaN does not. */
export function atMost({ gross, ...figure }: Figure): Goal {
  const { value, limit, judged = true } = figure;
  return told(figure, "≤", judged ? value <= limit : undefined, judged && !(value <= (gross ?? 2 * limit)));
}

/** A figure that is to reach its limit. */
export function atLeast({ gross, ...figure }: Figure): Goal {
  const { value, limit, judged = true } = figure;
  return told(figure, "≥", judged ? value >= limit : undefined, judged && !(value >= (gross ?? limit / 2)));
}

function told(figure: Figure, sign: string, held: boolean | undefined, gross: boolean): Goal {
  const { what, value, limit, unit = "", digits = 2, note } = figure;
  const number = Number.isInteger(value) ? `${value}` : value.toFixed(digits);
  const measured = `${number}${unit}${note === undefined ? "" : ` (${note})`}`;
  return {
    text: limit === 0 && sign === "≤" ? `${what}: none` : `${what} ${sign} ${limit}${unit}`,
    measured,
    held,
    gross,
  };
}

/** Rows as a Markdown table, a line for each goal. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.flatMap(({ id, priority, load, goals }) =>
    goals.map(({ text, measured, held }, index) => {
      const cells = [index === 0 ? `${id} (${priority})` : "", index === 0 ? load : "", text, measured, verdict(held)];
      return `| ${cells.join(" | ")} |`;
    }),
  );
  return ["| | load | goal | measured | |", "| --- | --- | --- | --- | --- |", ...lines, ""].join("\n");
}

/** Rows that must not be missed by so much. */
export function grosslyMissed(rows: readonly Row[]): readonly string[] {
  return rows
    .filter(({ priority }) => priority === "P0")
    .flatMap(({ id, goals }) => goals.filter(({ gross }) => gross).map(({ text }) => `${id}: ${text}`));
}

function verdict(held: boolean | undefined): string {
  return held === undefined ? "too short to tell" : held ? "held" : "**missed**";
}

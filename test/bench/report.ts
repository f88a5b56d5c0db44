import type { Cost, Measured } from "./costs.ts";
import { type Figure, figuresOf } from "./figures.ts";
import type { Findings, Machine } from "./findings.ts";
import { ratioOf, type Spread, spreadOf } from "./statistics.ts";
import type { Goals } from "./workload.ts";

/** The findings as Markdown. */
export function reportOf(findings: Findings): string {
  const { machine, rounds, measured } = findings;
  const figures = figuresOf(findings);
  const compared = measured.filter(({ peers }) => peers.length > 0);
  return [
    machineText(machine),
    "",
    ...(measured.length === 0 ? [] : [costsText(rounds), "", ...costTable(measured), ""]),
    ...(compared.length === 0 ? [] : [...peerTable(compared), ""]),
    ...(figures.length === 0 ? [] : [...figureTable(figures), ""]),
  ].join("\n");
}

function machineText({ cores, cpu, node, platform, pinned, upstream, h2load }: Machine): string {
  const place = pinned
    ? "core 0 for the process that is measured, the others for load and upstream"
    : "not pinned to cores (taskset is missing, or there is only one), so expect more spread";
  const load = h2load ? "h2load for whole answers, a client in Node for streams" : "a client in Node";
  return `Machine: ${cores} cores, ${cpu}, Node ${node}, ${platform}; ${place}. Upstream in ${upstream}; load by ${load}.`;
}

function costsText(rounds: number): string {
  return `CPU µs of the process (user and system), median of ${rounds} rounds in turn (least–most):`;
}

function costTable(measured: readonly Measured[]): readonly string[] {
  return table(
    ["CPU µs", "raw proxy", "gateway", "in a second of one core", "gateway ÷ raw", "must", "aim", ""],
    measured.map(({ workload, raw, gateway }) => {
      const ratio = ratioOf(gateway.cpuUs, raw.cpuUs);
      const cells = [workload.title, costText(raw), costText(gateway), perSecond(gateway), spreadText(ratio, 2)];
      return [...cells, ...verdict(ratio.median, workload.goals, false)];
    }),
  );
}

/** What others need for the same work, and how many times what the gateway needs. */
function peerTable(measured: readonly Measured[]): readonly string[] {
  const names = [...new Set(measured.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  return table(
    ["CPU µs", "gateway", ...names.flatMap((name) => [name, "÷ gateway"])],
    measured.map(({ workload, gateway, peers }) => {
      const cells = names.flatMap((name) => {
        const peer = peers.find((each) => each.name === name);
        return peer === undefined ? ["", ""] : [costText(peer), spreadText(ratioOf(peer.cpuUs, gateway.cpuUs), 1)];
      });
      return [workload.title, costText(gateway), ...cells];
    }),
  );
}

function figureTable(figures: readonly Figure[]): readonly string[] {
  return table(
    ["", "without gateway", "gateway", "must", "aim", ""],
    figures.map(({ title, value, unit, digits, without = "", goals, atLeast = false }) => [
      title,
      without,
      `${spreadText(value, digits)}${unit}`,
      ...verdict(value.median, goals, atLeast),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function verdict(value: number, goals: Goals | undefined, atLeast: boolean): readonly string[] {
  if (goals === undefined) return ["", "", ""];
  const { must, aim } = goals;
  const reached = (goal: number) => (atLeast ? value >= goal : value <= goal);
  const sign = atLeast ? "≥" : "≤";
  return [
    `${sign} ${must}`,
    `${sign} ${aim}`,
    reached(aim) ? "aim reached" : reached(must) ? "must reached" : "**missed**",
  ];
}

function costText({ cpuUs }: Cost): string {
  const spread = spreadOf(cpuUs);
  return spreadText(spread, spread.median < 10 ? 2 : spread.median < 100 ? 1 : 0);
}

/** What a core gets done when it does nothing else. */
function perSecond({ cpuUs }: Cost): string {
  return Number((1e6 / spreadOf(cpuUs).median).toPrecision(3)).toLocaleString("en-US");
}

function spreadText({ median, min, max }: Spread, digits: number): string {
  const [middle, least, most] = [median, min, max].map((figure) => figure.toFixed(digits));
  return least === most ? `${middle}` : `${middle} (${least}–${most})`;
}

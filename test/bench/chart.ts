import type { Cost, Measured } from "./costs.ts";
import { type Spread, spreadOf } from "./statistics.ts";
import type { Shape } from "./workload.ts";

const width = 760;
const labelWidth = 230;
const valueWidth = 110;
const barHeight = 20;
const rowHeight = 30;
const panelHeadHeight = 46;
const margin = 16;

/** Colours that can be told apart on white and on black, as a viewer has it. */
const style = `text { font: 13px system-ui, sans-serif; fill: #1f2328 } .head { font-weight: 600 } .faint { fill: #656d76 }
.raw { fill: #8c959f } .gateway { fill: #0969da } .peer { fill: #bc4c00 } .spread { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .faint { fill: #8d96a0 } .raw { fill: #6e7681 }
.gateway { fill: #2f81f7 } .peer { fill: #db6d28 } .spread { stroke: #e6edf3 } }`;

interface Bar {
  readonly label: string;
  readonly kind: "raw" | "gateway" | "peer";
  /** Units in a second of CPU time. */
  readonly perSecond: Spread;
}

interface Panel {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const doors = { grpc: "gRPC", http: "OpenAI-compatible HTTP", connect: "Connect" } as const;

/** What one core gets done, as bars in SVG: whole answers, and chunks of streams that come in a burst. */
export function chartOf(measured: readonly Measured[]): string {
  const panels = [
    panelOf("Whole answers in a second of one core's time", measured, "unary"),
    panelOf("Chunks of streams in a second of one core's time", measured, "burst"),
  ].filter(({ bars }) => bars.length > 0);
  let y = margin;
  const drawn = panels.map((panel) => {
    const top = y;
    y += panelHeadHeight + panel.bars.length * rowHeight;
    return panelText(panel, top);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y + margin}" viewBox="0 0 ${width} ${y + margin}" role="img">
<title>What one core gets done: more is better; the thin line is from the worst round to the best</title>
<style>${style}</style>
${drawn.join("\n")}
</svg>
`;
}

function panelOf(title: string, measured: readonly Measured[], shape: Shape): Panel {
  const of = measured.filter(({ workload }) => workload.shape === shape);
  const bar = (label: string, kind: Bar["kind"], cost: Cost | undefined): readonly Bar[] =>
    cost === undefined ? [] : [{ label, kind, perSecond: spreadOf(cost.cpuUs.map((us) => 1e6 / us)) }];
  // The one that does the same as others over HTTP, where it was measured.
  const { raw, peers = [] } = of.find(({ workload }) => workload.door === "http") ?? of[0] ?? {};
  const bars = [
    ...bar("raw proxy", "raw", raw),
    ...of.flatMap(({ workload, gateway }) => bar(`llmhub, ${doors[workload.door]}`, "gateway", gateway)),
    ...peers.flatMap((peer) => bar(peer.name, "peer", peer)),
  ];
  return { title, bars };
}

function panelText({ title, bars }: Panel, top: number): string {
  const most = Math.max(...bars.map(({ perSecond }) => perSecond.max));
  const scale = (width - labelWidth - valueWidth - 2 * margin) / most;
  const head = `<text class="head" x="${margin}" y="${top + 22}">${escaped(title)}</text>`;
  return [head, ...bars.map((bar, at) => barText(bar, top + panelHeadHeight + at * rowHeight, scale))].join("\n");
}

function barText({ label, kind, perSecond }: Bar, y: number, scale: number): string {
  const left = margin + labelWidth;
  const [median, min, max] = [perSecond.median, perSecond.min, perSecond.max].map((each) => (each * scale).toFixed(1));
  const base = y + barHeight - 5;
  const middle = y + barHeight / 2;
  const value = Math.round(perSecond.median).toLocaleString("en-US");
  return [
    `<text x="${left - 10}" y="${base}" text-anchor="end">${escaped(label)}</text>`,
    `<rect class="${kind}" x="${left}" y="${y}" width="${median}" height="${barHeight}" rx="2"/>`,
    `<path class="spread" d="M${left + Number(min)} ${middle}H${left + Number(max)}"/>`,
    `<text class="faint" x="${left + Number(max) + 8}" y="${base}">${value}</text>`,
  ].join("");
}

function escaped(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

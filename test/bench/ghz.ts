// npm run bench:ghz: the gateway's rates as ghz sees them, a load generator that is not ours.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { splitCores } from "../support/child.ts";
import { ServedGateway } from "../support/served-gateway.ts";
import { buildGoTools, goTool } from "../tools/go-tools.ts";
import { Upstream } from "./upstream-process.ts";
import type { Shape } from "./workload.ts";

/** What ghz is told to do. */
interface Load {
  readonly title: string;
  readonly method: string;
  readonly shape: Shape;
  readonly data: object;
  readonly calls: number;
}

/** What is taken from the report of ghz; times are in nanoseconds. */
interface Report {
  readonly count: number;
  readonly rps: number;
  readonly average: number;
  readonly latencyDistribution: readonly { readonly percentage: number; readonly latency: number }[] | null;
  readonly statusCodeDistribution: Readonly<Record<string, number>>;
}

const descriptors = join(import.meta.dirname, "../../proto/released.binpb");
const request = { model: "openai/gpt-4o-mini", input: "Say hi" };
const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
const loads: readonly Load[] = [
  { title: "whole answers", method: "Complete", shape: "unary", data: request, calls: values.quick ? 500 : 20_000 },
  {
    title: "streams in a burst",
    method: "StreamComplete",
    shape: "burst",
    data: { request },
    calls: values.quick ? 50 : 2000,
  },
];

const problem = buildGoTools();
if (problem === undefined) await measure();
else {
  process.stderr.write(`ghz cannot be built: ${problem}\n`);
  process.exitCode = 1;
}

async function measure(): Promise<void> {
  const [measured, others] = splitCores() ?? [];
  const upstream = await Upstream.start(others);
  const gateway = await ServedGateway.start({ cores: measured, upstreamUrl: upstream.url });
  try {
    process.stdout.write("| what | calls | calls/s | mean ms | p99 ms | OK |\n| --- | --- | --- | --- | --- | --- |\n");
    for (const load of loads) {
      await upstream.answer(load.shape);
      const report = await reportOf(load, gateway, others);
      process.stdout.write(rowOf(load, report));
      if (report.statusCodeDistribution["OK"] !== load.calls) process.exitCode = 1;
    }
  } finally {
    await Promise.all([gateway.child.stop(), upstream.child.stop()]);
  }
}

async function reportOf({ method, data, calls }: Load, gateway: ServedGateway, cores?: string): Promise<Report> {
  const [key = ""] = gateway.apiKeys;
  const words = [
    ...(cores === undefined ? [] : ["taskset", "-c", cores]),
    ...[goTool("ghz"), "--insecure", "--protoset", descriptors, "--format", "json"],
    ...["--call", `llmhub.v1.CompletionService/${method}`, "--data", JSON.stringify(data)],
    ...["--metadata", JSON.stringify({ authorization: `Bearer ${key}` })],
    ...["--total", `${calls}`, "--concurrency", "32", "--connections", "4", new URL(gateway.url).host],
  ];
  const [command = "", ...rest] = words;
  const ghz = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  return JSON.parse(await text(ghz.stdout));
}

function rowOf({ title }: Load, { count, rps, average, latencyDistribution, statusCodeDistribution }: Report): string {
  const p99 = latencyDistribution?.find(({ percentage }) => percentage === 99)?.latency ?? Number.NaN;
  const ms = (ns: number) => (ns / 1e6).toFixed(1);
  const cells = [title, count, rps.toFixed(0), ms(average), ms(p99), statusCodeDistribution["OK"] ?? 0];
  return `| ${cells.join(" | ")} |\n`;
}

import { parseArgs } from "node:util";
import { Child, splitCores } from "../../support/child.ts";
import { ServedGateway, type ServedOptions } from "../../support/served-gateway.ts";
import { settledMb } from "../idle-streams.ts";
import { axes, callsMax } from "./axis.ts";
import { costsOf, Size, type Start } from "./measure.ts";
import { grossSlopes, type Row, slopeOf, tableOf } from "./report.ts";

const usage = `How the cost grows with the size of things: CPU time of the gateway for a unit, at three sizes.

  npm run bench:growth -- [--only PATTERN]

In less than four minutes. With a pattern: only what has it in its title. Fails when the cost of a unit at the largest
size is more than three times that at the middle one.
`;

/** No call is to be refused for being one of many. */
const room = 2 * callsMax;
const bounds = `callsMin: ${room}, callsMax: ${room}`;
const roomy = { connectionsMax: room, sections: `overload: { ${bounds}, targets: { ${bounds} } }\n` };

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, help: { type: "boolean", short: "h", default: false } },
});
const chosen = axes.filter(({ title }) => new RegExp(values.only).test(title));

if (values.help || chosen.length === 0) {
  process.stdout.write(usage);
  process.exitCode = values.help ? 0 : 2;
} else if (process.platform !== "linux") {
  process.stderr.write("CPU time of other processes is read from /proc, which only Linux has.\n");
  process.exitCode = 1;
} else {
  const rows = await measured();
  process.stdout.write(tableOf(rows));
  const gross = grossSlopes(rows);
  for (const each of gross) process.stderr.write(`Not flat: ${each}.\n`);
  process.exitCode = gross.length > 0 ? 1 : 0;
}

async function measured(): Promise<readonly Row[]> {
  const [mine, others] = splitCores() ?? [];
  const upstream = Child.of(others, new URL("upstream.ts", import.meta.url));
  const children = new Set([upstream]);
  try {
    const upstreamUrl = `http://127.0.0.1:${await upstream.message<number>()}`;
    const start = async (special: Partial<ServedOptions> = {}) => {
      const gateway = await ServedGateway.start({ ...roomy, cores: mine, upstreamUrl, ...special });
      children.add(gateway.child);
      return gateway;
    };
    const usual = await start();
    const rows: Row[] = [];
    for (const axis of chosen) {
      const sizes: Size[] = [];
      for (const size of axis.sizes) {
        const own = axis.configuration && (await start(axis.configuration(size)));
        sizes.push(new Size(axis, size, own ?? usual, own && (await startOf(own))));
      }
      const row: Row = { axis, ...(await costsOf(axis, sizes, upstream)) };
      rows.push(row);
      process.stderr.write(`${axis.title}: ${row.problem ?? slopeOf(row).toFixed(2)}\n`);
      for (const size of sizes) size.close();
      for (const child of children) if (child !== upstream && child !== usual.child) await child.stop();
    }
    return rows;
  } finally {
    await Promise.all([...children].map((child) => child.stop()));
  }
}

async function startOf({ startMs, child }: ServedGateway): Promise<Start> {
  return { ms: startMs, mb: await settledMb(child) };
}

import { expect, test } from "vitest";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { ask } from "../limited.ts";

const providers = { simulator: {} };
/** A call whose log line is as long as one can be made: each of these characters takes six there. */
const verbose = {
  ...ask,
  labels: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`label${i}`, "\u0001".repeat(256)])),
};

/** Calls until log lines are lost. All of them must be answered. */
async function callUntilLost(gateway: GatewayProcess): Promise<number> {
  for (let calls = 50; ; calls += 50) {
    await Promise.all(Array.from({ length: 50 }, () => gateway.complete(verbose)));
    if ((await gateway.metric("log_lines_dropped_total")) > 0) return calls;
  }
}

test("G5: a disk that is full for the log costs lines, which are counted, and nothing else", async () => {
  // 64 blocks of 512 bytes.
  await using gateway = await GatewayProcess.start({ providers }, { ulimit: "-f 64", logsToFile: true });
  const calls = await callUntilLost(gateway);
  for (let i = 0; i < 20; i++) await gateway.complete(verbose);
  await expect.poll(() => gateway.metric("log_lines_dropped_total")).toBeGreaterThanOrEqual(20);
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(calls + 20);
  expect(await (await fetch(`${gateway.opsUrl}/readyz`)).json()).toEqual({ ready: true, reasons: [] });
  gateway.program.signal("SIGTERM");
  expect(await gateway.program.exit()).toBe(0);
}, 30_000);

test("G14: a reader of the log that stops costs lines, which are counted, and nothing else", async () => {
  await using gateway = await GatewayProcess.start({ providers });
  const { program } = gateway;
  program.stopReading();
  const calls = await callUntilLost(gateway);
  program.readOn();
  let more = 0;
  let lost: number;
  let last: string;
  do {
    lost = await gateway.metric("log_lines_dropped_total");
    last = (await gateway.complete(ask)).id;
    more++;
  } while ((await gateway.metric("log_lines_dropped_total")) > lost);
  await program.said(new RegExp(`${last}.*\n`));
  expect(await gateway.metric("calls_total", { code: "OK" })).toBe(calls + more);
  const lines = program.output.split("\n").filter((line) => line.includes('"callId"'));
  expect(lines.length + lost).toBe(calls + more);
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ outcome: "finished" });
  program.signal("SIGTERM");
  expect(await program.exit()).toBe(0);
}, 30_000);

test("G14: nobody waits for a reader at the end", async () => {
  await using gateway = await GatewayProcess.start({ providers });
  gateway.program.stopReading();
  // More than a pipe holds.
  await Promise.all(Array.from({ length: 20 }, () => gateway.complete(verbose)));
  gateway.program.signal("SIGTERM");
  expect(await gateway.program.exit()).toBe(0);
}, 30_000);

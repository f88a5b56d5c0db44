import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../config/files.ts";
import { Modules } from "../extensions/modules.ts";
import { textOf } from "../support/gateway.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { Program } from "../support/program.ts";
import { heard, readUntil } from "./faults/broken-stream.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { RawCall } from "./faults/raw-call.ts";
import { daily, reasonAt } from "./limited.ts";
import { startPatient } from "./patient-upstream.ts";
import { byOps, Connection, childrenOf, crewOf, toBoth, workerIn } from "./workers-stage.ts";

const main = fileURLToPath(new URL("../../src/main.js", import.meta.url));
const ok = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };

/** Whether a process has ended. What is nobody's child any more may still stand there for a moment. */
function isGone(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return true;
  }
}

/** A stream whose first output has come, and how it ends. */
async function begun(gateway: GatewayProcess, id: string) {
  const call = new RawCall(
    gateway.url,
    "StreamComplete",
    { ...request, input: "begin and end" },
    {
      ...byOps,
      "x-request-id": id,
    },
  );
  const first = await readUntil(call, 3);
  const whole = heard(call).then(({ events, status }) => ({ text: textOf({ events: [...first, ...events] }), status }));
  return { call, whole };
}

test("a killed worker is started again, and the others notice nothing; then all end in peace", async () => {
  const { upstream, finish } = await startPatient();
  await using disposed = upstream;
  const sections = {
    providers: { ...providerAt(disposed.url, chat.kind, { discover: false, connectionsMax: 8 }), simulator: {} },
    limits: [
      { scope: "provider", match: "up", concurrent: 2 },
      { scope: "provider", match: "simulator", requests: 1000, ...daily },
    ],
  };
  await using gateway = await crewOf(sections);
  const { program } = gateway;
  const both = await toBoth(gateway);
  for (const connection of both) await connection.complete(ok);
  const answered = () => gateway.metric("calls_total", { code: "OK", provider: "simulator" });
  expect(await answered()).toBe(2);

  // One stream each: both places that the limit has are taken.
  const streams = [await begun(gateway, "stream-0"), await begun(gateway, "stream-1")];
  expect(await reasonAt(both[0], request)).toBe("CONCURRENCY_LIMITED");
  await gateway.configure({ ...sections, limits: "none" });
  program.signal("SIGHUP");
  await program.said(/the configuration stays as it was/);
  process.kill(childrenOf(program.pid)[0] ?? 0, "SIGKILL");
  const ended = await program.said(/^.*a worker has ended.*\n/m);
  expect(ended).toContain('"cause":"SIGKILL"');
  const lost = workerIn(ended);
  const survivor = both[lost === 1 ? 1 : 0];
  // What the lost stream held is given back, and what was counted is still counted.
  await survivor.complete(ok);
  expect(await answered()).toBe(3);
  expect(await gateway.metric("worker_exits_total", { reason: "SIGKILL" })).toBe(1);

  // It comes back with the configuration that holds, although the file is broken now.
  await expect.poll(() => gateway.metric("workers"), { timeout: 20_000 }).toBe(2);
  // One line for each time that it was refused, not one of each worker.
  const refused = program.output.match(/the configuration stays as it was/g)?.length;
  expect(refused).toBe(await gateway.metric("config_reload_failures_total"));
  for (const connection of both) connection[Symbol.dispose]();
  const again = await toBoth(gateway);
  for (const connection of again) await connection.complete(ok);
  expect(await answered()).toBe(5);

  await gateway.configure({ ...sections, models: { aliases: { other: ok.model } } });
  program.signal("SIGHUP");
  await program.said(/a new configuration is in use/);
  for (const connection of again) await connection.complete({ ...ok, model: "other" });

  streams.push(await begun(gateway, "stream-2"));
  program.signal("SIGTERM");
  const running = streams.filter(({ call }) => !call.stream.destroyed);
  await Promise.all(running.map(({ call }) => call.goaway));
  finish();
  expect(await Promise.all(running.map(({ whole }) => whole))).toEqual(Array(2).fill({ text: "Hello", status: "0" }));
  expect(await program.exit()).toBe(0);
  expect(program.output).toContain('"msg":"stopped"');
  // The file says one worker now, which takes a restart, and that is said by one for all.
  const said = program.output.match(/^.*(?:a new configuration is in use|restart for the rest)/gm) ?? [];
  expect([said.length > 1, said.some((line) => line.includes('"worker":'))]).toEqual([true, false]);
}, 90_000);

test("workers end with the process that started them", async () => {
  await using gateway = await crewOf({ providers: { simulator: {} } });
  using connection = new Connection(gateway.url);
  await connection.complete(ok);
  const workers = childrenOf(gateway.program.pid);
  await gateway.kill();
  await expect.poll(() => workers.every(isGone), { timeout: 10_000 }).toBe(true);
}, 60_000);

test("a second signal ends a worker, too, that is stuck", async () => {
  await using gateway = await crewOf({ providers: { simulator: {} } });
  const { program } = gateway;
  const workers = childrenOf(program.pid);
  process.kill(workers[0] ?? 0, "SIGSTOP");
  program.signal("SIGTERM");
  await program.said(/"msg":"draining the calls in flight"/);
  program.signal("SIGTERM");
  expect(await program.exit()).toBe(1);
  await expect.poll(() => workers.every(isGone), { timeout: 10_000 }).toBe(true);
}, 60_000);

test("what keeps workers from starting is told once, and ends all", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  await using directory = await temporaryDirectory();
  await using modules = await Modules.create();
  const module = await modules.write(`
    import { defineExtension } from "llm-connector-hub/extension";
    export const extension = defineExtension({ apiVersion: 1, name: "fatal", init: () => process.exit(7) });`);
  const starts = [
    { sections: { listen: `127.0.0.1:${port}` }, exit: 1, said: `port ${port} of 127.0.0.1 is in use` },
    { sections: { opsListen: `127.0.0.1:${port}` }, exit: 1, said: `--ops-listen` },
    { extensions: [{ module }], exit: 1, said: "ended 3 times before it served, at last by exit_7" },
    { limits: "none", exit: 3, said: "the configuration is invalid" },
  ];
  for (const [i, { sections, exit, said, ...rest }] of starts.entries()) {
    const server = { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0", workers: 2, ...sections };
    const file = { auth: { mode: "off" }, providers: { simulator: {} }, server, ...rest };
    const path = await directory.write(`${i}.yaml`, JSON.stringify(file));
    await using program = new Program([process.execPath, main, "serve", "--config", path]);
    expect([await program.exit(), program.output.split(said).length]).toEqual([exit, 2]);
  }
  taken.close();
}, 90_000);

import { once } from "node:events";
import { connect } from "node:http2";
import { expect, test } from "vitest";
import { textOf } from "../../support/gateway.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { within } from "../../support/scripted-upstream.ts";
import { startPatient } from "../patient-upstream.ts";
import { heard, readUntil } from "./broken-stream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

/** Streams whose first output has come, and how they will end. */
function open({ url }: GatewayProcess, count: number, input: string) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const call = new RawCall(url, "StreamComplete", { ...request, input });
      const begun = await readUntil(call, 3);
      return { goaway: call.goaway, begun, end: heard(call) };
    }),
  );
}

test("G2: SIGTERM with 50 open streams and idle sessions", async () => {
  const { upstream, finish } = await startPatient();
  await using disposed = upstream;
  await using gateway = await GatewayProcess.start({
    providers: providerAt(disposed.url, chat.kind, { connectionsMax: 64 }),
    server: { drain: { delay: "300ms", timeout: "4s" } },
  });
  const { program } = gateway;
  const ending = await open(gateway, 25, "begin and end");
  const endless = await open(gateway, 25, "begin");
  const idle = [connect(gateway.url), connect(gateway.url)];
  await Promise.all(idle.map((session) => once(session, "remoteSettings")));
  const left = [...idle.map((session) => once(session, "goaway")), ...[...ending, ...endless].map((one) => one.goaway)];

  program.signal("SIGTERM");
  const exit = within(program.exit(), 10_000);
  const ready = async () => (await fetch(`${gateway.opsUrl}/readyz`)).status;
  await expect.poll(ready, { timeout: 2000, interval: 10 }).toBe(503);
  await Promise.all(left);
  await expect(gateway.complete(request)).rejects.toThrow(/ECONNREFUSED|REFUSED_STREAM|GATEWAY_DRAINING/);

  finish();
  for (const { begun, end } of ending) {
    const { events, status } = await end;
    expect(status).toBe("0");
    expect(textOf({ events: [...begun, ...events] })).toBe("Hello");
  }
  for (const { begun, end } of endless) {
    const { events, status } = await end;
    expect(status).toBe("14 GATEWAY_DRAINING");
    expect(textOf({ events: [...begun, ...events] })).toBe("Hel");
    expect(events.at(-1)?.event.case).toBe("usage");
  }
  expect(await exit).toBe(0);
  expect(upstream.requests.length).toBe(50);
  await upstream.closed();
  const lines = program.output.split("\n").filter((line) => line.includes('"method"'));
  expect(lines.filter((line) => line.includes('"outcome":"finished"')).length).toBe(25);
  expect(lines.filter((line) => line.includes("GATEWAY_DRAINING") && line.includes('"outcome"')).length).toBe(25);
  expect(program.output).toContain("stopped");
}, 30_000);

test.each([
  ["SIGTERM", "SIGTERM"],
  ["SIGINT", "SIGTERM"],
] as const)(
  "G3: %s waits for calls in flight, %s then does not",
  async (first, second) => {
    const { upstream } = await startPatient();
    await using disposed = upstream;
    await using gateway = await GatewayProcess.start({
      providers: providerAt(disposed.url, chat.kind),
      server: { drain: { timeout: "10m" } },
    });
    const { program } = gateway;
    const [stream] = await open(gateway, 1, "begin");
    program.signal(first);
    await program.said(/draining/);
    await stream?.goaway;
    expect(program.isGone).toBe(false);
    program.signal(second);
    expect(await program.exit()).toBe(1);
    await upstream.closed();
  },
  30_000,
);

test("G3: SIGPIPE is ignored, SIGHUP loads the configuration, and SIGINT stops in peace", async () => {
  const { upstream, finish } = await startPatient();
  await using disposed = upstream;
  const providers = providerAt(disposed.url, chat.kind);
  await using gateway = await GatewayProcess.start({ providers });
  const { program } = gateway;
  const [stream] = await open(gateway, 1, "begin and end");
  program.signal("SIGPIPE");
  await gateway.configure({ providers, models: { aliases: { other: request.model } } });
  program.signal("SIGHUP");
  await program.said(/a new configuration is in use/);
  finish();
  expect((await stream?.end)?.status).toBe("0");
  expect(await gateway.metric("config_reload_failures_total")).toBe(0);
  program.signal("SIGINT");
  expect(await program.exit()).toBe(0);
}, 30_000);

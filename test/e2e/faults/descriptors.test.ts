import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { reasonAt } from "../limited.ts";
import { chat, providerAt, request } from "./dialects.ts";

/** Connections to the gateway that say nothing; those that it could not take are closed. */
async function crowd({ url }: GatewayProcess, count: number): Promise<Socket[]> {
  const { hostname, port } = new URL(url);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname).on("error", () => undefined);
      await once(socket, "connect");
      return socket;
    }),
  );
}

test("G11: a gateway without file descriptors keeps the calls it has, and takes more when there are some again", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, chat.whole("Hello"));
    }
  });
  await using gateway = await GatewayProcess.start(
    { providers: providerAt(upstream.url, chat.kind) },
    { ulimit: "-n 128" },
  );
  const { program } = gateway;
  // Its connections stay open from here on, to the caller and to the provider.
  await gateway.complete(request);
  const sockets = await crowd(gateway, 200);
  const closed = () => sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
  await expect.poll(closed).toBeGreaterThan(0);
  expect(await reasonAt(gateway, request)).toBe("");

  // A call that needs a descriptor fails without one, and nothing is held against the provider.
  const needy = async () => {
    for (const { socket } of upstream.connections) socket.destroy();
    sockets.push(...(await crowd(gateway, 4)));
    return reasonAt(gateway, request);
  };
  for (let i = 0; i < 6; i++) await expect.poll(needy, { timeout: 5000 }).toBe("GATEWAY_OVERLOADED");
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => reasonAt(gateway, request), { timeout: 5000 }).toBe("");
  expect(upstream.requests.length).toBe(await gateway.metric("upstream_attempts_total", { outcome: "ok" }));
  expect(await gateway.metric("upstream_attempts_total", { outcome: "descriptors" })).toBeGreaterThanOrEqual(6);
  expect(await gateway.metric("breaker_state")).toBe(0);
  const [late] = await crowd(gateway, 1);
  late?.destroy();
  expect(program.isGone).toBe(false);
}, 30_000);

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../config/files.ts";
import { answered, auth, shown, ways, tls as withCallers } from "./identity-stage.ts";
import { childrenOf, crewOf } from "./workers-stage.ts";

const pem = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../support/certificates", `${name}.pem`), "utf8");

/** Serial numbers of the certificates that so many connections in a row get. */
async function serials(url: string, connections: number): Promise<Set<string>> {
  const port = Number(new URL(url).port);
  const found = new Set<string>();
  for (let i = 0; i < connections; i++) {
    const socket = connect({ port, host: "localhost", ca: pem("ca"), ALPNProtocols: ["h2"] });
    await once(socket, "secureConnect");
    found.add(socket.getPeerCertificate().serialNumber);
    socket.destroy();
  }
  return found;
}

test("all workers show a renewed certificate, and so does one that is started after", async () => {
  await using directory = await temporaryDirectory();
  const write = async (name: string) => ({
    cert: await directory.write("server.pem", pem(name)),
    key: await directory.write("server.key.pem", pem(`${name}.key`)),
  });
  const tls = await write("server");
  await using gateway = await crewOf({ providers: { simulator: {} }, server: { tls } });
  const { program } = gateway;
  // Connections in a row take turns: four are two for each.
  const [before, ...none] = await serials(gateway.url, 4);
  expect(none).toEqual([]);
  await write("server-renewed");
  program.signal("SIGHUP");
  await program.said(/a new configuration is in use/);
  const [after, ...others] = await serials(gateway.url, 4);
  expect(others).toEqual([]);
  expect(after).not.toBe(before);
  const [pid = 0] = childrenOf(program.pid);
  process.kill(pid, "SIGKILL");
  await program.said(/a worker has ended/);
  await expect.poll(() => gateway.metric("workers"), { timeout: 20_000 }).toBe(2);
  expect(await serials(gateway.url, 4)).toEqual(new Set([after]));
}, 60_000);

test("a certificate stands for its key whichever worker gets the connection", async () => {
  await using gateway = await crewOf({ providers: { simulator: {} }, auth, server: { tls: withCallers } });
  const way = ways["gRPC over HTTP/2"];
  const url = gateway.url.replace("http://127.0.0.1", "https://localhost");
  // Connections in a row take turns.
  for (let connections = 0; connections < 4; connections++)
    expect(way && (await answered(way(url, shown("cart"))))).toBe("simulator");
  expect(way && (await answered(way(url, shown("stranger"))))).toMatch(/^IDENTITY_UNKNOWN/);
});

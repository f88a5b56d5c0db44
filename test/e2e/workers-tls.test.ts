import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { expect, test } from "vitest";
import { temporaryDirectory } from "../config/files.ts";
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

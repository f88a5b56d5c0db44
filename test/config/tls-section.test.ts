import { join } from "node:path";
import { expect, test } from "vitest";
import { loadText } from "./files.ts";

const off = "auth: { mode: off }\n";
const certificates = join(import.meta.dirname, "../support/certificates");
const tlsOf = (cert: string, key: string) =>
  `${off}providers: { simulator: }\nserver: { tls: { cert: ${certificates}/${cert}, key: ${certificates}/${key} } }`;

test("TLS files are read, and the private key is a secret", async () => {
  const { server, files } = await loadText(tlsOf("server.pem", "server.key.pem"));
  expect(server.tls?.cert).toContain("CERTIFICATE");
  expect(server.tls?.key.reveal()).toContain("PRIVATE KEY");
  expect(server.tls?.clientCa).toBeUndefined();
  expect(JSON.stringify(server)).not.toContain("PRIVATE KEY");
  expect(files).toContain(join(certificates, "server.key.pem"));
});

test("callers must show a certificate once there is an authority for it, unless they are only asked", async () => {
  const load = async (more: string) =>
    (await loadText(tlsOf("server.pem", "server.key.pem").replace(" } }", `, ${more} } }`))).server.tls;
  const clientCa = `clientCa: ${certificates}/callers/ca.pem`;
  expect(await load(clientCa)).toMatchObject({ clientCert: "require", clientCa: expect.stringContaining("BEGIN") });
  expect(await load(`${clientCa}, clientCert: request`)).toMatchObject({ clientCert: "request" });
  await expect(load("clientCert: request")).rejects.toThrow(/clientCert: needs clientCa/);
  await expect(load(`clientCa: ${certificates}/server.key.pem`)).rejects.toThrow(/clientCa: must hold certificates/);
});

test.each([
  ["server.pem", "client.key.pem"],
  ["ca.pem", "ca.pem"],
])("TLS files that do not belong together are a problem: %s and %s", async (cert, key) => {
  await expect(loadText(tlsOf(cert, key))).rejects.toThrow(/server\.tls: is not usable/);
});

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { get } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, onTestFinished, test, vi } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import type { TlsMaterial } from "../../src/server/tls.ts";
import { Edge } from "./edge.ts";

const folder = join(import.meta.dirname, "../support/certificates");
const pem = (name: string): string => readFileSync(join(folder, `${name}.pem`), "utf8");
const material = (name: string): TlsMaterial => ({
  cert: pem(name),
  key: pem(`${name}.key`),
  clientCa: undefined,
  clientCert: "require",
});
const ca = pem("ca");

async function serial(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connectTls({ port, host: "localhost", ca, ALPNProtocols: ["h2"], ...options });
  await once(socket, "secureConnect");
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

test("serves HTTP/2 and HTTP/1.1 on one port, as ALPN chooses", async () => {
  await using edge = await Edge.start({ tls: material("server") });
  const baseUrl = `https://localhost:${edge.port}`;
  const client = createClient(Health, createGrpcTransport({ baseUrl, nodeOptions: { ca } }));
  expect((await client.check({})).status).toBe(Status.SERVING);
  const [response] = (await once(get(baseUrl, { ca, agent: false }), "response")) as [IncomingMessage];
  expect([response.httpVersion, await text(response)]).toEqual(["1.1", expect.stringContaining("gRPC")]);
});

test("refuses TLS 1.1, and clear text, and survives", async () => {
  await using edge = await Edge.start({ tls: material("server") });
  await expect(
    serial(edge.port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }),
  ).rejects.toThrow();
  const clear = connectHttp2(`http://localhost:${edge.port}`);
  clear.on("error", () => undefined);
  await once(clear, "close");
  expect(await serial(edge.port)).toMatch(/./);
});

test("closes a connection that does not shake hands", async () => {
  await using edge = await Edge.start({ tls: material("server"), limits: { headerTimeoutMs: 50 } });
  await once(connect(edge.port, "localhost").resume(), "close");
});

test("asks for client certificates when it has an authority for them", async () => {
  await using edge = await Edge.start({ tls: { ...material("server"), clientCa: ca } });
  const check = (nodeOptions: object) =>
    createClient(
      Health,
      createGrpcTransport({ baseUrl: `https://localhost:${edge.port}`, nodeOptions: { ca, ...nodeOptions } }),
    ).check({});
  expect((await check({ cert: pem("client"), key: pem("client.key") })).status).toBe(Status.SERVING);
  await expect(check({})).rejects.toThrow();
  await expect(check({ cert: pem("self-signed"), key: pem("self-signed.key") })).rejects.toThrow();
});

test("asks a connection to leave when the certificate of its caller expires", async () => {
  await using edge = await Edge.start({ tls: { ...material("server"), clientCa: pem("callers/ca") } });
  const own = { cert: pem("callers/cart"), key: pem("callers/cart.key") };
  vi.useFakeTimers({ toFake: ["Date"], now: new X509Certificate(own.cert).validToDate.getTime() - 10 });
  onTestFinished(() => void vi.useRealTimers());
  const session = connectHttp2(`https://localhost:${edge.port}`, { ca, ...own });
  const [code] = await once(session, "goaway");
  expect(code).toBe(constants.NGHTTP2_NO_ERROR);
  if (!session.destroyed) await once(session, "close");
});

test("asks it to leave also when that is later than a timer can wait", async () => {
  await using edge = await Edge.start({ tls: { ...material("server"), clientCa: pem("callers/ca") } });
  const own = { cert: pem("callers/cart"), key: pem("callers/cart.key") };
  const monthMs = 30 * 86_400_000;
  const now = new X509Certificate(own.cert).validToDate.getTime() - monthMs;
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"], now });
  onTestFinished(() => void vi.useRealTimers());
  const session = connectHttp2(`https://localhost:${edge.port}`, { ca, ...own });
  await once(session, "remoteSettings");
  const left = once(session, "goaway");
  vi.advanceTimersByTime(monthMs);
  await left;
});

test("lets a connection stay whose certificate is not accepted: its calls may bring a key", async () => {
  const asking = { ...material("server"), clientCa: pem("callers/ca"), clientCert: "request" } as const;
  await using edge = await Edge.start({ tls: asking });
  const own = { cert: pem("callers/expired"), key: pem("callers/expired.key") };
  const session = connectHttp2(`https://localhost:${edge.port}`, { ca, ...own });
  for (let call = 0; call < 3; call++) {
    const stream = session.request({ ":path": "/livez" }).resume();
    expect((await once(stream, "response"))[0][":status"]).toBeDefined();
    await once(stream, "close");
  }
  session.destroy();
});

test("takes a new certificate into use, and keeps the old one when the new one is broken", async () => {
  await using edge = await Edge.start({ tls: material("server") });
  const first = await serial(edge.port);
  expect(() => edge.listener.renewTls({ ...material("server"), key: pem("client.key") })).toThrow(/TLS/);
  expect(() => edge.listener.renewTls({ ...material("server"), cert: "no certificate" })).toThrow(/TLS/);
  expect(await serial(edge.port)).toBe(first);
  edge.listener.renewTls(material("server-renewed"));
  expect(await serial(edge.port)).not.toBe(first);
});

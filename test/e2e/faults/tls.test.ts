import { readFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates, type TlsOptions } from "node:tls";
import { afterEach, expect, test } from "vitest";
import type { StreamCompleteResponse } from "../../../gen/llmhub/v1/completion_pb.ts";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { answerOf, asked, beside, spared } from "./beside.ts";
import { chat, providerAt, providerKey, request } from "./dialects.ts";
import { before, broken, brokenAfter, faultIn, modes } from "./fault.ts";

const pem = (name: string) => readFileSync(join(import.meta.dirname, `../../support/certificates/${name}.pem`), "utf8");
const server = (name: string): TlsOptions => ({ cert: pem(name), key: pem(`${name}.key`) });
const trusted = getCACertificates("default");

afterEach(() => setDefaultCACertificates(trusted));

const unavailable = before("Unavailable", "PROVIDER_UNAVAILABLE", { cause: "tls" });

test("an upstream with a certificate that is trusted is used", async () => {
  setDefaultCACertificates([...trusted, pem("ca")]);
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.respond(200, chat.whole("Hello"));
  }, server("server"));
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  expect((await gateway.complete(request)).message?.content[0]?.part.value).toBe("Hello");
});

const faults: readonly [string, TlsOptions, trustsCa: boolean][] = [
  ["a certificate of an unknown authority", server("server"), false],
  ["a self-signed certificate", server("self-signed"), true],
  ["an expired certificate", server("expired"), true],
  ["a certificate for another name", server("wrong-name"), true],
  [
    "TLS 1.1",
    { ...server("server"), minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" },
    true,
  ],
  [
    "a demand for a client certificate over TLS 1.2",
    { ...server("server"), requestCert: true, ca: pem("ca"), maxVersion: "TLSv1.2" },
    true,
  ],
];

for (const mode of modes) {
  test.each(faults)(`U22: %s, ${mode}`, async (_name, options, trustsCa) => {
    if (trustsCa) setDefaultCACertificates([...trusted, pem("ca")]);
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
    }, options);
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
    expect(await faultIn(gateway, mode)).toEqual(unavailable);
    expect(upstream.requests).toEqual([]);
    await upstream.closed();
    expect(await gateway.metric("upstream_attempts_total", { outcome: "tls" })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total")).toBe(1);
    expect(await gateway.metric("usage_estimated_total")).toBe(0);
  });
}

test.each(faults)("U22: %s is not seen, and not tried again", async (_name, options, trustsCa) => {
  if (trustsCa) setDefaultCACertificates([...trusted, pem("ca")]);
  await using up = await ScriptedUpstream.start(async (connection) => void (await connection.request()), options);
  await using both = await beside(up.url, chat.kind);
  for (const mode of modes) expect(await answerOf(both.gateway, mode)).toMatchObject(spared("PROVIDER_UNAVAILABLE"));
  expect([up.requests.length, both.spare.requests.length]).toEqual([0, 2]);
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up", outcome: "tls" })).toBe(2);
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up" })).toBe(2);
});

test.each([
  ["in order", (connection: UpstreamConnection) => connection.end()],
  ["without a farewell", (connection: UpstreamConnection) => void connection.socket.destroy()],
])("U8: a TLS connection that is closed after output, %s", async (_how, close) => {
  setDefaultCACertificates([...trusted, pem("ca")]);
  const heard = Promise.withResolvers<void>();
  await using up = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text("Hello"));
    await heard.promise;
    close(connection);
  }, server("server"));
  await using both = await beside(up.url, chat.kind);
  const onEvent = ({ event }: StreamCompleteResponse) => event.case === "partDelta" && heard.resolve();
  expect(brokenAfter("Hello", await both.gateway.stream(asked, { onEvent }))).toEqual(broken("reset"));
  expect([up.requests.length, both.spare.requests.length]).toEqual([1, 0]);
  expect(await both.gateway.metric("broken_streams_total", { reason: "STREAM_INTERRUPTED" })).toBe(1);
});

test("U22: a client certificate that TLS 1.3 demands after its handshake looks like a reset", async () => {
  setDefaultCACertificates([...trusted, pem("ca")]);
  const options = { ...server("server"), requestCert: true, ca: pem("ca") };
  await using upstream = await ScriptedUpstream.start(() => undefined, options);
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  expect(await faultIn(gateway, "unary")).toMatchObject({ reason: "PROVIDER_UNAVAILABLE", cause: "reset" });
  await using both = await beside(upstream.url, chat.kind);
  expect(await answerOf(both.gateway, "unary")).toMatchObject(spared("PROVIDER_UNAVAILABLE", 2));
  expect(upstream.connections).toEqual([]);
});

test("U22: nothing is said in clear text to an upstream that does not speak TLS", async () => {
  const heard: Buffer[] = [];
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    connection.socket.on("data", (bytes) => heard.push(bytes));
    await connection.bytes();
    await connection.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
  });
  const url = upstream.url.replace("http:", "https:");
  await using gateway = await TestGateway.start({ providers: providerAt(url, chat.kind) });
  expect(await faultIn(gateway, "unary")).toEqual(unavailable);
  expect(upstream.connections.length).toBe(1);
  const bytes = Buffer.concat(heard).toString("latin1");
  expect(bytes).not.toContain(providerKey);
  expect(bytes).not.toContain("POST");
});

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { createConnectTransport, createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { expect, onTestFinished, test, vi } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { answered, auth, cart, listed, pem, shown, tls, ways } from "./identity-stage.ts";

const gateway = (server: object) =>
  TestGateway.start({ providers: { simulator: {} }, auth, server: { tls: { ...tls, ...server } } });
const urlOf = ({ address }: TestGateway) => `https://localhost:${address.split(":")[1]}`;

test.each(Object.entries(ways))("%s: a certificate stands for the key that names it", async (_, way) => {
  await using hub = await gateway({ clientCert: "request" });
  const by = (name: string | undefined) => way(urlOf(hub), shown(name));
  expect(await answered(by("cart"))).toBe("simulator");
  expect(await listed(by("cart"))).toBe("listed");
  // The limits and rights are those of the key.
  expect(await answered(by("cart"), {}, "simulator/claude")).toMatch(/^PERMISSION_DENIED simulator\/claude/);
  expect(await answered(by("billing"), {}, "simulator/claude:pace-0:first-token-0")).toBe("simulator");
  expect(await answered(by("stranger"))).toBe(`IDENTITY_UNKNOWN ${cart.replace("cart", "stranger")}`);
  // One for each of two keys.
  expect(await answered(by("both"))).toBe(`IDENTITY_UNKNOWN ${cart} billing.shop.test`);
  for (const none of ["subject-only", "disguised", "expired", "foreign", undefined])
    expect([none, await answered(by(none))]).toEqual([none, "CREDENTIALS_MISSING"]);
});

test("a key that is shown counts, whatever the certificate", async () => {
  await using hub = await gateway({ clientCert: "request" });
  const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
  const transport = ways["gRPC over HTTP/2"]?.(urlOf(hub), shown("cart"));
  if (transport === undefined) throw new Error("there is no such way");
  expect(await answered(transport, bearer("lh_ops"), "simulator/claude:pace-0:first-token-0")).toBe("simulator");
  expect(await answered(transport, bearer("lh_wrong"))).toBe("API_KEY_INVALID");
  expect(await answered(transport, { "x-api-key": "" })).toBe("API_KEY_INVALID");
  // Nobody is believed about others here.
  expect(await answered(transport, { "x-forwarded-client-cert": "URI=spiffe://other" })).toBe("simulator");
});

test("says why a certificate does not do", async () => {
  await using hub = await gateway({ clientCert: "request" });
  const message = async (name: string | undefined) => {
    const options = { method: "POST", path: "/v1/chat/completions", ...shown(name), agent: false };
    const { port } = new URL(urlOf(hub));
    const asked = request({ host: "localhost", port, ...options }).end("{}");
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    return JSON.parse(await text(response)).error.message;
  };
  const missing = "an API key is needed - send it as authorization Bearer lh_...";
  expect(await message(undefined)).toBe(missing);
  expect(await message("expired")).toBe(`${missing}. the client certificate is not accepted (CERT_HAS_EXPIRED)`);
  expect(await message("foreign")).toMatch(/is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/);
  expect(await message("subject-only")).toBe(`${missing}. the client certificate has no URI and no DNS name`);
  expect(await message("stranger")).toMatch(/auth\.keys\[\]\.identities.* It has spiffe:\/\/.*stranger$/);
});

test("where a certificate is required, nobody connects without one of the authority", async () => {
  await using hub = await gateway({});
  const way = ways["gRPC over HTTP/2"];
  expect(way && (await answered(way(urlOf(hub), shown("cart"))))).toBe("simulator");
  for (const none of ["expired", "foreign", undefined])
    await expect(way && answered(way(urlOf(hub), shown(none)))).rejects.toThrow();
});

test("a reload changes whose certificate it is, on connections that are open", async () => {
  await using hub = await gateway({});
  const sessionManager = new Http2SessionManager(urlOf(hub), {}, shown("stranger"));
  const transport = createGrpcTransport({ baseUrl: urlOf(hub), sessionManager });
  expect(await answered(transport)).toMatch(/^IDENTITY_UNKNOWN/);
  const [key, ...others] = auth.keys;
  const keys = [{ ...key, identities: [cart.replace("cart", "stranger")] }, ...others];
  await hub.reload({ providers: { simulator: {} }, auth: { ...auth, keys }, server: { tls } });
  expect(await answered(transport)).toBe("simulator");
  sessionManager.abort();
});

test("when other authorities sign certificates, connections that the old ones let in leave", async () => {
  await using hub = await gateway({ clientCert: "request" });
  const session = connectHttp2(urlOf(hub), shown("cart"));
  const left = once(session, "goaway");
  const agent = new Agent({ keepAlive: true });
  const { port } = new URL(urlOf(hub));
  const asked = request({ host: "localhost", port, path: "/livez", ...shown("cart"), agent }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  const closed = once(response.socket, "close");
  const other = { ...tls, clientCert: "request", clientCa: tls.cert };
  await hub.reload({ providers: { simulator: {} }, auth, server: { tls: other } });
  await Promise.all([left, closed]);
  const transport = ways["gRPC over HTTP/2"]?.(urlOf(hub), shown("cart"));
  expect(transport && (await answered(transport))).toBe("CREDENTIALS_MISSING");
  session.destroy();
});

test("when other authorities sign certificates, only connections that ask something are not cut off", async () => {
  const server = { limits: { headerTimeout: "60s" } };
  const first = { ...tls, clientCert: "request" };
  await using hub = await TestGateway.start({ providers: { simulator: {} }, auth, server: { ...server, tls: first } });
  const port = Number(new URL(urlOf(hub)).port);
  const silent = connectTls({ host: "localhost", port, ...shown("cart") });
  await once(silent, "secureConnect");
  // The beginning of a handshake, which the old authorities would decide.
  const slow = connect(port, "127.0.0.1");
  await once(slow, "connect");
  slow.write(Buffer.from("1603010200", "hex"));
  const headers = { "content-type": "application/json", expect: "100-continue" };
  const options = { method: "POST", path: "/v1/chat/completions", headers, ...shown("cart"), agent: false };
  const asking = request({ host: "localhost", port, ...options });
  asking.flushHeaders();
  await once(asking, "continue");
  const closed = [silent, slow].map((socket) => once(socket.on("error", () => undefined).resume(), "close"));
  const next = { ...first, clientCa: tls.cert };
  await hub.reload({ providers: { simulator: {} }, auth, server: { ...server, tls: next } });
  await Promise.all(closed);
  const messages = [{ role: "user", content: "hi" }];
  asking.end(JSON.stringify({ model: "simulator/gpt:pace-0:first-token-0", messages }));
  const [{ statusCode, headers: told }] = (await once(asking, "response")) as [IncomingMessage];
  expect([statusCode, told.connection]).toEqual([200, "close"]);
});

test("a certificate that has expired meanwhile stands for nobody, on a connection that is open", async () => {
  const endMs = new X509Certificate(pem("callers/cart")).validToDate.getTime();
  vi.useFakeTimers({ toFake: ["Date"], now: endMs - 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  await using hub = await gateway({ clientCert: "request" });
  const agent = new Agent({ keepAlive: true, maxSockets: 1, ...shown("cart") });
  const transport = createConnectTransport({ baseUrl: urlOf(hub), httpVersion: "1.1", nodeOptions: { agent } });
  expect(await answered(transport)).toBe("simulator");
  vi.setSystemTime(endMs + 1);
  expect(await answered(transport)).toBe("CREDENTIALS_MISSING");
  agent.destroy();
});

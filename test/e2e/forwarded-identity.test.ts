import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { answered, auth, cart, listed, shown, tls, ways } from "./identity-stage.ts";

const said = (value: string) => ({ "x-forwarded-client-cert": value });
const element = (uri: string) => `By=spiffe://hub;Hash=${"ab".repeat(32)};Subject="CN=x,O=y";URI=${uri}`;
const started = (server: Readonly<Record<string, unknown>>) =>
  TestGateway.start({ providers: { simulator: {} }, auth, server });
const plain = {
  "gRPC, clear text": (baseUrl: string, nodeOptions: object) => createGrpcTransport({ baseUrl, nodeOptions }),
  ...ways,
};

test.each(Object.entries(plain))("%s: the word of a proxy stands for the key that names it", async (_, way) => {
  await using hub = await started({ identityProxies: ["127.0.0.1"] });
  const transport = way(hub.url, {});
  expect(await answered(transport, said(element(cart)))).toBe("simulator");
  expect(await listed(transport, said(element(cart)))).toBe("listed");
  expect(await answered(transport, said(`${element("spiffe://other")},${element(cart)}`))).toBe("simulator");
  expect(await answered(transport, said(`${element(cart)},${element("spiffe://other")}`))).toBe(
    "IDENTITY_UNKNOWN spiffe://other",
  );
  expect(await answered(transport, said(`${element(cart)};DNS=billing.shop.test`))).toMatch(/^IDENTITY_UNKNOWN/);
  for (const none of [said(`Subject="${cart}"`), said(element("")), said(`${element(cart)};"`), {}])
    expect(await answered(transport, none)).toBe("CREDENTIALS_MISSING");
  const key = { authorization: "Bearer lh_cart" };
  expect(await answered(transport, { ...said("not readable"), ...key })).toBe("simulator");
});

test("the word of anybody else is not heard", async () => {
  await using hub = await started({ identityProxies: ["192.0.2.0/24"] });
  for (const [name, way] of Object.entries(plain))
    expect([name, await answered(way(hub.url, {}), said(element(cart)))]).toEqual([name, "CREDENTIALS_MISSING"]);
  await using open = await started({ trustedProxies: ["127.0.0.1"], tls });
  const url = `https://localhost:${open.address.split(":")[1]}`;
  const asStranger = createGrpcTransport({ baseUrl: url, nodeOptions: shown("stranger") });
  expect(await answered(asStranger, said(element(cart)))).toMatch(/^IDENTITY_UNKNOWN .*stranger$/);
});

test("a proxy's own certificate never stands for a caller", async () => {
  await using hub = await started({ identityProxies: ["127.0.0.1"], tls });
  const url = `https://localhost:${hub.address.split(":")[1]}`;
  const asCart = createGrpcTransport({ baseUrl: url, nodeOptions: shown("cart") });
  expect(await answered(asCart)).toBe("CREDENTIALS_MISSING");
  expect(await answered(asCart, said(element(cart)))).toBe("simulator");
});

test("what a proxy says goes to no provider and into no log", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(400);
    }
  });
  await using hub = await GatewayProcess.start({
    providers: { own: { kind: "openai-compatible", baseUrl: `${upstream.url}/v1` } },
    auth: { mode: "keys", keys: [{ id: "cart", identities: [cart] }] },
    server: { identityProxies: ["127.0.0.1"] },
    log: { level: "trace", format: "json" },
  });
  const transport = createGrpcTransport({ baseUrl: hub.url });
  expect(await answered(transport, said(element(cart)), "own/x")).toMatch(/^PROVIDER/);
  expect(await answered(transport, said(element("spiffe://other")), "own/x")).toMatch(/^IDENTITY_UNKNOWN/);
  await hub.program.said(/"reason":"IDENTITY_UNKNOWN"/);
  expect(upstream.requests.length).toBeGreaterThan(0);
  expect(JSON.stringify(upstream.requests)).not.toMatch(/spiffe|forwarded-client-cert/);
  expect(hub.program.output).not.toMatch(/abababab|spiffe:\/\/hub|CN=x/);
});

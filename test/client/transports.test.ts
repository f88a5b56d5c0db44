import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { Code, connectHub, HubClient, HubError, textOf } from "../../src/client.ts";
import { TestGateway } from "../support/gateway.ts";
import { root } from "../support/source.ts";
import { quick, TestHub } from "./hub.ts";

const request = { model: quick, input: "Say hi" };
const certificates = join(root, "test/support/certificates");
const pem = (name: string) => readFileSync(join(certificates, name), "utf8");

test("TLS wants the authority that it is told", async () => {
  const tls = { cert: join(certificates, "server.pem"), key: join(certificates, "server.key.pem") };
  await using gateway = await TestGateway.start({ providers: { simulator: {} }, server: { tls } });
  const baseUrl = `https://localhost:${gateway.address.split(":")[1]}`;
  await using hub = connectHub({ baseUrl, tls: { ca: pem("ca.pem") } });
  expect(textOf(await hub.complete(request))).not.toBe("");
  await using stranger = connectHub({ baseUrl, retry: false });
  await expect(stranger.complete(request)).rejects.toMatchObject({ name: "HubError", reason: "" });
});

test.each([
  [
    "Connect's protocol as JSON",
    (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1", useBinaryFormat: false }),
  ],
  ["gRPC-Web", (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
])("it speaks %s, with the same answers and errors", async (_, transportTo) => {
  await using stage = await TestHub.start();
  const hub = new HubClient(transportTo(stage.gateway.url));
  expect(textOf(await hub.complete(request))).toBe(textOf(await stage.hub.complete(request)));
  expect(textOf(await hub.stream(request).final())).toBe(textOf(await stage.hub.complete(request)));
  const failure = await hub.complete({ ...request, temperature: 9 }).catch((error) => error);
  expect(failure).toBeInstanceOf(HubError);
  expect(failure).toMatchObject({ code: Code.InvalidArgument, fieldViolations: [{ field: "temperature" }] });
  for await (const _piece of hub.stream({ ...request, model: "simulator/gpt:first-token-0:pace-1000" }).text()) break;
  while ((await stage.gateway.metric("open_streams")) > 0);
});

import { expect, test } from "vitest";
import { openaiCompatible } from "../../../src/providers/openai-compatible/openai-compatible.ts";
import type { ProviderFacts } from "../../../src/providers/provider.ts";
import { HostLookup, type HostLookupOptions } from "../../../src/upstream/host-lookup.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { type ProviderSection, TestGateway } from "../../support/gateway.ts";
import { a, type NameRecord, NameServer } from "../../support/name-server.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, request } from "./dialects.ts";
import { before, faultIn, modes } from "./fault.ts";

/** A kind whose hosts are looked up as these options say. */
function named(options: Partial<HostLookupOptions>): ReadonlyMap<string, ProviderFacts> {
  const carry: ProviderFacts["carry"] = ({ baseUrl = "", connectMs }) => {
    const url = new URL(baseUrl);
    const { lookup } = new HostLookup(url.hostname, { timeoutMs: connectMs, ...options });
    return new Upstream({ baseUrl: url, headers: {}, connectMs, connectionsMax: 8, lookup });
  };
  return new Map([["named", { ...openaiCompatible, kind: "named", carry }]]);
}

/** A provider at a name, on the port of an upstream. */
function at(name: string, port: number, timeouts = {}): ProviderSection {
  return { kind: "named", baseUrl: `http://${name}:${port}/v1`, timeouts };
}

function answering(): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(200, chat.whole("Hello"));
    }
  });
}

const loopback = [127, 0, 0, 1];
const nameless = before("Unavailable", "PROVIDER_UNAVAILABLE", { cause: "dns" });

const unknown: readonly [string, NameRecord][] = [
  ["does not exist", "none"],
  ["has no address", "empty"],
  ["the name servers fail for", "failed"],
  ["no name server answers for", undefined],
];

for (const mode of modes) {
  test.each(unknown)(`U23: a name that %s, ${mode}`, async (_what, record) => {
    await using server = await NameServer.start(() => record);
    await using upstream = await answering();
    const up = at("up.invalid", upstream.port, { connect: "500ms" });
    const kinds = named({ servers: [server.address], timeoutMs: 200 });
    await using gateway = await TestGateway.start({ providers: { up }, kinds });
    expect(await faultIn(gateway, mode)).toEqual(nameless);
    expect(server.questions.length).toBeGreaterThan(0);
    expect(upstream.connections.length).toBe(0);
    expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "dns" })).toBe(1);
    expect(await gateway.metric("upstream_attempts_total")).toBe(1);
  });
}

test.each(unknown)("U23: a name that %s: the next target answers", async (_what, record) => {
  await using server = await NameServer.start((name) => (name === "up.invalid" ? record : loopback));
  await using upstream = await answering();
  const providers = {
    up: at("up.invalid", upstream.port, { connect: "3s" }),
    spare: at("spare.invalid", upstream.port),
  };
  const policies = { both: { targets: [{ model: "up/m-1" }, { model: "spare/m-1" }] } };
  const kinds = named({ servers: [server.address], timeoutMs: 2000 });
  await using gateway = await TestGateway.start({ providers, kinds, models: { policies } });
  const { routing } = await gateway.complete({ ...request, model: "policies/both" });
  expect(routing).toMatchObject({ provider: "spare", attemptCount: 2 });
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: "dns" })).toBe(1);
  expect(await gateway.metric("retries_total", { provider: "up", to: "other" })).toBe(1);
  expect(upstream.requests.length).toBe(1);
});

test("U23: names that hang hold up nobody else", async () => {
  const hanging = Array.from({ length: 8 }, (_, i) => `h${i}.invalid`);
  const asked = new Map(hanging.map((name) => [name, Promise.withResolvers<void>()]));
  await using server = await NameServer.start((name, type) => {
    asked.get(name)?.resolve();
    if (asked.has(name)) return undefined;
    return type === a ? loopback : "empty";
  });
  await using upstream = await answering();
  const providers = Object.fromEntries(
    [...hanging, "up.invalid"].map((name) => [name.replace(".invalid", ""), at(name, upstream.port)]),
  );
  const kinds = named({ servers: [server.address], timeoutMs: 60_000 });
  await using gateway = await TestGateway.start({ providers, kinds });
  let settled = 0;
  const leave = new AbortController();
  const hung = hanging.map(async (name) => {
    const model = name.replace(".invalid", "/m-1");
    await gateway.failure({ ...request, model }, { signal: leave.signal });
    settled += 1;
  });
  await Promise.all([...asked.values()].map(({ promise }) => promise));
  for (let i = 0; i < 3; i++) await gateway.complete(request);
  expect(settled).toBe(0);
  leave.abort();
  await Promise.all(hung);
  expect(upstream.requests.length).toBe(3);
});

test("U23: a name that led to the public is not followed into a private network", async () => {
  let address = [127, 0, 0, 2];
  await using server = await NameServer.start((_name, type) => (type === a ? address : "empty"));
  await using upstream = await answering();
  const isPrivate = (host: string) => host !== "127.0.0.2";
  const kinds = named({ servers: [server.address], isPrivate });
  await using gateway = await TestGateway.start({ providers: { up: at("up.invalid", upstream.port) }, kinds });
  // Nobody listens there.
  expect(await faultIn(gateway, "unary")).toMatchObject({ ...nameless, cause: "connect" });
  address = loopback;
  expect(await faultIn(gateway, "unary")).toEqual(nameless);
  expect(upstream.connections.length).toBe(0);
  expect(await gateway.metric("upstream_attempts_total", { outcome: "dns" })).toBe(1);
  address = [127, 0, 0, 2];
  expect(await faultIn(gateway, "unary")).toMatchObject({ ...nameless, cause: "connect" });
});

test("a name that was private from the start is used", async () => {
  await using server = await NameServer.start((_name, type) => (type === a ? loopback : "empty"));
  await using upstream = await answering();
  const kinds = named({ servers: [server.address] });
  await using gateway = await TestGateway.start({ providers: { up: at("up.invalid", upstream.port) }, kinds });
  await gateway.complete(request);
  expect(upstream.requests.length).toBe(1);
});

test("a name that only the system knows is found", async () => {
  await using server = await NameServer.start(() => "none");
  await using upstream = await answering();
  const kinds = named({ servers: [server.address] });
  await using gateway = await TestGateway.start({ providers: { up: at("localhost", upstream.port) }, kinds });
  await gateway.complete(request);
  expect(server.questions).toEqual([]);
});

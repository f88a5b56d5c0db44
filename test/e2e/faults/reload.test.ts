import { expect, test } from "vitest";
import { configOf, TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, messages, request } from "./dialects.ts";
import { faultOf } from "./fault.ts";

/** An upstream that answers with its name, streams when `finish` says so. */
async function startNamed(name: string) {
  const finish = Promise.withResolvers<void>();
  const upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { body, path } = await connection.request();
      const dialect = path.endsWith("/messages") ? messages : chat;
      if (JSON.parse(body).stream !== true) {
        await connection.respond(200, dialect.whole(name));
        continue;
      }
      await connection.beginEvents();
      await connection.chunk(dialect.preamble, dialect.text(name));
      await finish.promise;
      await connection.chunk(dialect.text("!"), dialect.finish, dialect.done);
      await connection.lastChunk();
    }
  });
  return { upstream, finish: finish.resolve };
}

const provider = (url: string, apiKey: string) => ({ kind: chat.kind, baseUrl: `${url}/v1`, apiKey });
const saidBy = async (gateway: TestGateway, model: string) =>
  (await gateway.complete({ ...request, model })).message?.content[0]?.part.value;

test("S25: a new configuration is for new calls; calls in flight keep theirs", async () => {
  const one = await startNamed("one");
  const two = await startNamed("two");
  await using first = one.upstream;
  await using second = two.upstream;
  const models = (target: string) => ({ aliases: { fast: target } });
  const a = { a: provider(first.url, "sk-a") };
  const b = { b: provider(second.url, "sk-b") };
  await using gateway = await TestGateway.start({ providers: a, models: models("a/m") });
  expect(await saidBy(gateway, "fast")).toBe("one");
  const begun = Promise.withResolvers<void>();
  const answer = gateway.stream({ ...request, model: "fast" }, { onEvent: () => begun.resolve() });
  await begun.promise;

  await gateway.reload({ providers: b, models: models("b/m") });
  expect(await saidBy(gateway, "fast")).toBe("two");
  expect((await gateway.failure({ ...request, model: "a/m" })).message).toMatch(/not_found/);
  one.finish();
  const streamed = await answer;
  expect(streamed.error).toBeUndefined();
  expect(textOf(streamed)).toBe("one!");
  const started = streamed.events[0]?.event;
  expect(started?.case === "started" && started.value.routing?.provider).toBe("a");
  // The pool of a provider that is gone goes with its last call.
  await first.closed();
  expect(second.connections.map(({ isClosed }) => isClosed)).toEqual([false]);
});

test("S25: a provider that did not change keeps its connections", async () => {
  const { upstream } = await startNamed("one");
  await using disposed = upstream;
  const providers = { a: provider(disposed.url, "sk-a") };
  await using gateway = await TestGateway.start({ providers });
  await saidBy(gateway, "a/m");
  await gateway.reload({ providers, models: { aliases: { fast: "a/m" } } });
  expect(await saidBy(gateway, "fast")).toBe("one");
  expect(upstream.connections.length).toBe(1);
});

test("S25: a configuration that cannot work changes nothing", async () => {
  const { upstream } = await startNamed("one");
  await using disposed = upstream;
  const config = { providers: { a: provider(disposed.url, "sk-a") }, models: { aliases: { fast: "a/m" } } };
  await using gateway = await TestGateway.start(config);
  await expect(gateway.reload({ ...config, models: { aliases: { fast: "nobody/m" } } })).rejects.toThrow(
    /provider that is not configured/,
  );
  const good = await configOf(config);
  const broken = { ...good, providers: good.providers.map((one) => ({ ...one, kind: "unheard-of" })) };
  await expect(gateway.gateway.reload(broken)).rejects.toThrow(/unheard-of/);
  expect(await saidBy(gateway, "fast")).toBe("one");
  expect(upstream.connections.length).toBe(1);
  expect((await fetch(`${gateway.opsUrl}/readyz`)).status).toBe(200);
});

test("S27: a credential goes to its own host and nowhere else", async () => {
  const one = await startNamed("one");
  const two = await startNamed("two");
  await using first = one.upstream;
  await using second = two.upstream;
  const anthropic = { kind: messages.kind, baseUrl: second.url, apiKey: "sk-anthropic" };
  await using gateway = await TestGateway.start({
    providers: { a: provider(first.url, "sk-a"), b: provider(second.url, "sk-b"), anthropic },
  });
  await Promise.all(["a/m", "b/m", "anthropic/m"].map((model) => saidBy(gateway, model)));
  // The instance moves to the other host with another key.
  await gateway.reload({ providers: { a: provider(second.url, "sk-moved"), b: provider(first.url, "sk-b2") } });
  expect(await saidBy(gateway, "a/m")).toBe("two");
  expect(await saidBy(gateway, "b/m")).toBe("one");
  const keys = (upstream: ScriptedUpstream) =>
    upstream.requests.map(({ headers }) => headers["authorization"] ?? headers["x-api-key"]).sort();
  expect(keys(first)).toEqual(["Bearer sk-a", "Bearer sk-b2"]);
  expect(keys(second)).toEqual(["Bearer sk-b", "Bearer sk-moved", "sk-anthropic"]);
});

test("S27: a model name leads to no other host or path, and a caller's headers stay here", async () => {
  const { upstream } = await startNamed("one");
  await using disposed = upstream;
  await using gateway = await TestGateway.start({
    providers: {
      a: { ...provider(disposed.url, "sk-a"), headers: { "x-team": "search" } },
      anthropic: { kind: messages.kind, baseUrl: `${disposed.url}/v1`, apiKey: "sk-anthropic" },
    },
  });
  const headers = { authorization: "Bearer caller", "x-api-key": "caller", cookie: "a=b", "x-other": "1" };
  for (const name of ["/evil.example/v1", "http://evil.example/", "@evil.example", "..:1/x"]) {
    for (const id of ["a", "anthropic"]) await gateway.complete({ ...request, model: `${id}/${name}` }, { headers });
  }
  const refusal = await gateway.failure({ ...request, model: "a/../../admin" }, { headers });
  expect(faultOf(refusal)).toMatchObject({ reason: "MODEL_NOT_FOUND" });
  expect(new Set(upstream.requests.map(({ path }) => path))).toEqual(new Set(["/v1/chat/completions", "/v1/messages"]));
  const sent = JSON.stringify(upstream.requests.map((one) => one.headers));
  expect(sent).not.toContain("caller");
  expect(sent).not.toContain("x-other");
  expect(sent).not.toContain("cookie");
  expect(upstream.requests[0]?.headers).toMatchObject({
    host: `127.0.0.1:${upstream.port}`,
    authorization: "Bearer sk-a",
    "x-team": "search",
  });
});

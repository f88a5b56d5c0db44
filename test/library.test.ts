import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ModelService } from "../gen/llmhub/v1/model_service_pb.ts";
import { Code, textOf } from "../src/client.ts";
import { ConfigError, type CreateHubOptions, createHub, type HubConfig } from "../src/library.ts";
import { failureOf, quick } from "./client/hub.ts";
import { PacedUpstream } from "./e2e/faults/broken-stream.ts";
import { chat, request } from "./e2e/faults/dialects.ts";
import { root } from "./support/source.ts";

const simulated = { providers: { simulator: {} } };
const hubOf = (config: HubConfig, rest: CreateHubOptions = {}) => createHub({ config, env: {}, ...rest });

test("a hub in the process answers all that a gateway answers", async () => {
  await using hub = await hubOf(simulated);
  const answer = await hub.complete().model(quick).user("Say hi").send();
  expect(answer.routing).toMatchObject({ provider: "simulator", attemptCount: 1 });
  const stream = hub.stream({ model: quick, input: "Say hi" });
  let text = "";
  for await (const piece of stream.text()) text += piece;
  expect(text).toBe(textOf(answer));
  expect((await stream.final()).usage).toEqual(answer.usage);
  const { vectors } = await hub.embed({ model: "simulator/embedding", inputs: ["red", "blue"] });
  expect(vectors).toHaveLength(2);
  const { results } = await hub.rerank({ model: "simulator/rerank", query: "sky", documents: ["grass", "blue sky"] });
  expect(results[0]?.index).toBe(1);
  expect((await hub.countTokens({ model: quick, input: "Say hi" })).usage?.inputTokens).toBeGreaterThan(0);
  const { models } = await createClient(ModelService, hub.transport).listModels({});
  expect(models.map(({ selector }) => selector)).toContain("simulator/gpt");
  expect(await hub.metrics()).toMatch(/^llmhub_calls_total\{.*code="OK".*\} \d/m);
});

test("errors, deadlines, keys and idempotency are those of a gateway", async () => {
  const sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  await using hub = await hubOf(
    { ...simulated, auth: { mode: "keys", keys: [{ id: "one", sha256 }] } },
    { apiKey: "test" },
  );
  const input = "x";
  expect(await failureOf(hub.complete({ model: "nobody/nothing", input }))).toMatchObject({
    code: Code.NotFound,
    reason: "MODEL_NOT_FOUND",
    requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect((await failureOf(hub.complete({ model: quick, input, temperature: 9 }))).fieldViolations).toHaveLength(1);
  const late = await failureOf(hub.complete({ model: "simulator/gpt:stall", input }, { timeoutMs: 100 }));
  expect(late).toMatchObject({ reason: "DEADLINE_EXCEEDED", metadata: { deadlineMs: "100" } });
  const headers = { authorization: "Bearer other" };
  expect((await failureOf(hub.complete({ model: quick, input }, { headers }))).reason).toBe("API_KEY_INVALID");
  const first = await hub.complete({ model: quick, input }, { idempotencyKey: "work-1" });
  let replay: string | null = null;
  const onHeader = (got: Headers) => {
    replay = got.get("x-llmhub-idempotent-replay");
  };
  const again = await hub.complete({ model: quick, input }, { idempotencyKey: "work-1", onHeader });
  expect([again.id, replay]).toEqual([first.id, "true"]);
});

test("who stops reading, and who cancels, ends the call of the provider", async () => {
  for (const leave of ["break", "abort"]) {
    await using upstream = await PacedUpstream.start();
    await using hub = await hubOf({ providers: { up: { kind: chat.kind, baseUrl: `${upstream.url}/v1` } } });
    upstream.say("one ");
    const controller = new AbortController();
    const read = async () => {
      for await (const _ of hub.stream(request, { signal: controller.signal }).text()) {
        if (leave === "break") break;
        controller.abort();
      }
    };
    if (leave === "break") await read();
    else expect((await failureOf(read())).reason).toBe("CANCELLED");
    await upstream.upstream.closed(10_000);
  }
});

test("several hubs live side by side, each with its own configuration, log and end", async () => {
  const lines: string[] = [];
  const line = (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message }));
  const logger = { debug: line, info: line, warn: line, error: line };
  const one = await hubOf({ ...simulated, models: { aliases: { fast: quick } } }, { logger });
  await using other = await hubOf(simulated);
  await one.complete({ model: "fast", input: "x", labels: { team: "search" } });
  expect((await failureOf(other.complete({ model: "fast", input: "x" }))).reason).toBe("MODEL_NOT_FOUND");
  expect(lines.filter((each) => each.includes('"team":"search"'))).toHaveLength(1);
  const cut = failureOf(one.complete({ model: "simulator/gpt:stall", input: "x" }));
  while (!/^llmhub_calls_in_flight(?:\{.*\})? 1$/m.test(await one.metrics()));
  await one.close();
  expect((await cut).reason).toBe("GATEWAY_DRAINING");
  expect((await failureOf(one.complete({ model: "fast", input: "x" }))).code).toBe(Code.FailedPrecondition);
  await expect(createClient(ModelService, one.transport).listModels({})).rejects.toThrow(/shutting down/);
  await one.close();
  expect(textOf(await other.complete({ model: quick, input: "x" }))).not.toBe("");
});

test("a hub that closes lets calls end for a while, and no longer where somebody cannot wait", async () => {
  await using upstream = await PacedUpstream.start();
  const hub = await hubOf({
    providers: { up: { kind: chat.kind, baseUrl: `${upstream.url}/v1` }, ...simulated.providers },
  });
  upstream.say("one ");
  const stream = hub.stream(request);
  const text = stream.text();
  let said = (await text.next()).value;
  const cut = failureOf(hub.complete({ model: "simulator/gpt:stall", input: "x" }));
  while (!/^llmhub_calls_in_flight(?:\{.*\})? 2$/m.test(await hub.metrics()));
  const closing = hub.close({ timeoutMs: Number.POSITIVE_INFINITY });
  expect((await failureOf(hub.complete(request))).message).toBe("the client is closed");
  upstream.say("two ");
  upstream.finish();
  for await (const piece of text) said += piece;
  expect(said).toBe("one two ");
  await hub.close();
  await closing;
  expect((await cut).reason).toBe("GATEWAY_DRAINING");
  const other = await hubOf(simulated);
  const answer = other.complete({ model: "simulator/gpt:first-token-0:pace-0", input: "x" });
  while (!/^llmhub_calls_in_flight(?:\{.*\})? 1$/m.test(await other.metrics()));
  await other.close({ timeoutMs: 60_000 });
  expect(textOf(await answer)).not.toBe("");
});

test("a configuration is read from a file, and anew", async () => {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-library-"));
  const path = join(folder, "hub.yaml");
  try {
    writeFileSync(path, JSON.stringify({ ...simulated, models: { aliases: { fast: quick } } }));
    await using hub = await createHub({ config: path, env: {} });
    await hub.complete({ model: "fast", input: "x" });
    writeFileSync(path, JSON.stringify({ ...simulated, models: { aliases: { small: quick } } }));
    await hub.reload();
    await hub.complete({ model: "small", input: "x" });
    await expect(hub.reload({ providers: { nobody: { apiKey: "secret" } } })).rejects.toThrow(ConfigError);
    await hub.complete({ model: "small", input: "x" });
    await hub.reload({ ...simulated, models: { aliases: { other: `\${MODEL:-${quick}}` } } });
    await hub.complete({ model: "other", input: "x" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("what is wrong with a configuration is told, without what it holds", async () => {
  const wrong = hubOf({
    providers: { openai: { apiKey: "sk-secret", baseUrl: "nowhere" } },
    cache: { enabled: true, ttl: "x" },
  });
  const error = await wrong.catch((problem) => problem);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error.message).toMatch(/^config cache\.ttl: /m);
  expect(error.message).toMatch(/^config providers\.openai\.baseUrl: /m);
  expect(error.message).not.toContain("secret");
});

test("it opens no port, takes no signal, writes nothing, and leaves nothing that keeps the process alive", async () => {
  await using upstream = await PacedUpstream.start();
  upstream.say("Hello");
  upstream.finish();
  const config = {
    providers: { up: { kind: chat.kind, baseUrl: `${upstream.url}/v1` } },
    cache: { enabled: true },
    health: { checks: { enabled: true } },
    overload: { enabled: true },
  };
  const program = `
    import { createHub } from ${JSON.stringify(join(root, "src/library.ts"))};
    const hub = await createHub({ config: ${JSON.stringify(config)} });
    for await (const piece of hub.stream(${JSON.stringify(request)}).text()) process.stdout.write(piece);
    const signals = ["SIGTERM", "SIGINT", "SIGHUP"].reduce((sum, name) => sum + process.listenerCount(name), 0);
    const faults = process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection");
    const servers = process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;
    process.stdout.write(" " + [signals, faults, servers].join());
    await hub.close();`;
  const args = ["--input-type=module-typescript", "-e", program];
  const said = await new Promise((resolve) => {
    execFile(process.execPath, args, { env: {} }, (error, out, err) => resolve([error?.code ?? 0, out, err]));
  });
  expect(said).toEqual([0, "Hello 0,0,0", ""]);
});

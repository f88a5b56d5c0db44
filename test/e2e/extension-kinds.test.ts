import { ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Modules } from "../extensions/modules.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { failureOf } from "./failure.ts";

const canary = "canary-4417";

/** A module with the kind "own", whose dialect has these functions of its own, and which has these facts. */
const kind = (dialect: string, facts = "") => `
  import { bearer, chatCompletions, defineExtension, namesIn } from "llm-connector-hub/extension";
  const dialect = { ...chatCompletions, ${dialect} };
  export const extension = defineExtension({
    apiVersion: 1,
    name: "own",
    kinds: [{ kind: "own", displayName: "Own", baseUrl: undefined, keyRequired: false, authorize: bearer,
      dialects: () => ({ generate: () => dialect }), models: () => new Map(), healthPath: "/models",
      modelNames: namesIn("data", "id"), ${facts} }],
  });`;

const answer = JSON.stringify({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] });

/** A provider that refuses what asks for "refuse", and answers the rest. */
async function upstreamOf(): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(async (connection) => {
    for (;;) {
      const { body } = await connection.request();
      if (body.includes("refuse")) await connection.respond(400, "{}");
      else await connection.respond(200, answer);
    }
  });
}

async function started(modules: Modules, upstream: ScriptedUpstream): Promise<GatewayProcess> {
  return GatewayProcess.start({
    providers: { own: { baseUrl: upstream.url, apiKey: `sk-${canary}` } },
    models: { retry: { maxAttempts: 1 } },
    extensions: [{ module: `${modules.directory}/own.js` }],
  });
}

test.each([
  ["render", "hi"],
  ["read", "hi"],
  ["fault", "refuse"],
])("an exception in %s of a dialect ends that call as INTERNAL, and tells nothing", async (name, input) => {
  await using modules = await Modules.create();
  await modules.write(kind(`${name}: () => { throw new Error("${canary}"); }`));
  await using upstream = await upstreamOf();
  await using gateway = await started(modules, upstream);
  const thrown = await gateway.complete({ model: "own/m", input }).catch((error) => ConnectError.from(error));
  const failure = failureOf(thrown);
  expect(failure.info?.reason).toBe("INTERNAL");
  expect(failure.message).not.toContain(canary);
  expect(await gateway.metric("calls_total", { code: "INTERNAL" })).toBe(1);
  expect(gateway.program.output).not.toContain(canary);
});

test("a kind that changed opens its providers anew; one that cannot work changes nothing", async () => {
  await using modules = await Modules.create();
  await modules.write(kind("", `headers: () => ({ "x-version": "one" })`));
  await using upstream = await upstreamOf();
  await using gateway = await started(modules, upstream);
  const version = async () => {
    await gateway.complete({ model: "own/m", input: "hi" });
    return upstream.requests.at(-1)?.headers["x-version"];
  };
  expect(await version()).toBe("one");
  await modules.write(kind("", `headers: () => ({ "x-version": "two" })`));
  while ((await version()) !== "two");
  await modules.write(kind("", `authorize: (key) => { throw new Error(key); }`));
  while ((await gateway.metric("config_reload_failures_total")) === 0);
  expect(await version()).toBe("two");
  await gateway.program.said(/authorize of the kind own failed: Error at own\.js:\d+/);
  expect(gateway.program.output).not.toContain(canary);
});

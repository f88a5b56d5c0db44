import { EventEmitter, once } from "node:events";
import { rename, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { superviseGateway } from "../../../src/cli/supervise-gateway.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { providerKinds } from "../../../src/providers/index.ts";
import { temporaryDirectory } from "../../config/files.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { PacedUpstream } from "./broken-stream.ts";
import { chat, providerAt, request } from "./dialects.ts";

const secret = "canary-secret";
/** A file that is valid but for what is put at its end. */
const good = (more = "") => `auth: { mode: off }
providers:
  up: { kind: openai-compatible, baseUrl: "http://127.0.0.1:1/v1", apiKey: ${secret} }
${more}`;
const whole = good("models: { default: up/other }\n");

/** Texts that cannot be used, and what is said of each; "FILE" is the file. */
const broken: Record<string, readonly [text: string, said: RegExp]> = {
  "truncated YAML": [whole.slice(0, whole.indexOf("canary") + 6), /^FILE:3:\d+: .*bracket/],
  "an unknown field": [good(`modles: { default: ${secret} }\n`), /^FILE:4:1 modles.*models/],
  "a key that appears twice": [good(`providers: { up: { apiKey: ${secret} } }\n`), /^FILE:4:1: .*twice/],
  "aliases in a circle": [good("models:\n  aliases: { a: b, b: a }\n"), /^FILE:5:\d+ models\.aliases/],
  "chains in a circle": [
    good("models:\n  chains:\n    a: { steps: [{ target: chains/b }] }\n    b: { steps: [{ target: chains/a }] }\n"),
    /^FILE:6:\d+ models\.chains/,
  ],
  "a variable that is missing": [
    good(`log: { level: "\${LLMHUB_CANARY}" }\n`),
    /^FILE:4:\d+ log\.level.*LLMHUB_CANARY/,
  ],
  "a kind that nobody has": [good(`  other: { kind: made-up, apiKey: ${secret} }\n`), /^FILE:4:\d+ providers\.other/],
  "an alias to nowhere": [good(`models: { aliases: { a: ${secret}/m } }\n`), /^FILE:4:\d+ models\.aliases\.a/],
};

/** A gateway that is supervised as the program does it, by signals alone. */
async function supervised(gateway: TestGateway, path: string) {
  const signals = new EventEmitter();
  const events = new EventEmitter();
  const exit = superviseGateway({
    gateway: {
      reload: (config) => gateway.gateway.reload(config),
      reloadRefused: (error) => gateway.gateway.reloadRefused(error),
      drain: () => gateway.drain(),
    },
    load: () => loadConfig({ path, env: {}, kinds: providerKinds }),
    files: [],
    signals,
    report: (message) => void events.emit("report", message),
  });
  return {
    reload: async (): Promise<string> => {
      const reported = once(events, "report");
      signals.emit("SIGHUP");
      return String((await reported)[0]);
    },
    [Symbol.asyncDispose]: async () => {
      signals.emit("SIGTERM");
      await exit;
    },
  };
}

test("G8: configurations that cannot be used change nothing, are counted, and are told by line and without a secret", async () => {
  await using directory = await temporaryDirectory();
  const path = await directory.write("hub.yaml", "");
  await using upstream = await PacedUpstream.start();
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  await using supervision = await supervised(gateway, path);
  upstream.say("Hel");
  const begun = Promise.withResolvers<void>();
  const answer = gateway.stream(request, { onEvent: ({ sequence }) => sequence === 3 && begun.resolve() });
  await begun.promise;

  let refused = 0;
  const refuses = async (what: string, said: RegExp) => {
    const report = (await supervision.reload()).replaceAll(path, "FILE");
    const [head, ...problems] = report.split("\n");
    expect(head).toBe("configuration not reloaded, the old one stays:");
    expect(problems[0], what).toMatch(said);
    expect(report, what).not.toContain("canary-");
    expect(await gateway.metric("config_reload_failures_total")).toBe(++refused);
    const ready = await fetch(`${gateway.opsUrl}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  };
  for (const [what, [text, said]] of Object.entries(broken)) {
    await writeFile(path, text);
    await refuses(what, said);
  }
  await truncate(path, 100_000_000);
  await refuses("100 MB of holes", /^FILE.*larger than 8388608 bytes/);
  await writeFile(path, Buffer.from([0xff, 0xfe]));
  await refuses("no text", /^FILE.*not UTF-8/);

  upstream.say("lo");
  upstream.finish();
  const streamed = await answer;
  expect(streamed.error).toBeUndefined();
  expect(textOf(streamed)).toBe("Hello");
  expect(upstream.upstream.requests.length).toBe(1);
  await writeFile(path, whole);
  expect(await supervision.reload()).toBe("configuration reloaded");
  expect(await gateway.metric("config_reload_failures_total")).toBe(refused);
});

test("G8: a link that is swapped while the file is read gives one version or the other", async () => {
  await using directory = await temporaryDirectory();
  const filling = `# ${"x".repeat(100)}\n`.repeat(2000);
  const versions = ["a", "b"];
  for (const name of versions) {
    const text = `auth: { mode: off }\nmodels: { default: ${name}/m }\n${filling}providers: { ${name}: { kind: simulator } }\n`;
    await directory.write(`${name}.yaml`, text);
  }
  const path = join(directory.path, "hub.yaml");
  const swap = async (name: string) => {
    await symlink(`${name}.yaml`, `${path}.new`);
    await rename(`${path}.new`, path);
  };
  await swap("a");
  const swapping = { on: true };
  const swapped = (async () => {
    for (let i = 1; swapping.on; i++) await swap(versions[i % 2] ?? "");
  })();
  const seen = new Set<string | undefined>();
  for (let i = 0; i < 10 || (seen.size < 2 && i < 200); i++) {
    const { models, providers } = await loadConfig({ path, env: {}, kinds: providerKinds });
    expect(models.default).toBe(`${providers[0]?.id}/m`);
    seen.add(models.default);
  }
  swapping.on = false;
  await swapped;
  expect(seen.size).toBe(2);
});

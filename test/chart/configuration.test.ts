import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { providerKinds } from "../../src/providers/index.ts";
import { examples, objectsIn, only, render, root, template, textOf } from "./manifest.ts";

const run = promisify(execFile);
const configured = examples.filter((example) => example !== "existing-config");

test.each(configured)("the gateway takes the configuration of %s", async (example) => {
  const objects = await render({ example });
  const text = only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"];
  const said = await checkConfig(text, variablesOf(objects));
  expect(said).toMatch(/^valid: /);
});

test("a variable is in the simulator's place only if it brings a provider", async () => {
  const brought = async (name: string) => {
    const objects = await render({ values: { extraEnv: [{ name, value: "a" }] } });
    return parse(only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]).providers === undefined;
  };
  for (const name of ["LLMHUB_LOG_LEVEL", "LLMHUB_API_KEY", "HTTPS_PROXY"])
    expect(await brought(name), name).toBe(false);
  const keys = [...providerKinds.values()].flatMap((kind) => [
    ...[kind.keyVariable ?? []].flat(),
    ...[kind.keyAliases, kind.switches, kind.sharedSwitches].flatMap((names) => names ?? []),
  ]);
  expect(keys.length).toBeGreaterThan(20);
  for (const name of keys) expect(await brought(name), name).toBe(true);
});

test("a release without pods has a configuration for those to come", async () => {
  const objects = await render({ values: { replicas: 0, redis: { evaluation: { enabled: true } } } });
  expect(parse(only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]).redis.replicas).toBe(1);
});

test("certificates of callers are required, or asked for", async () => {
  const tlsOf = async (tls: object) => {
    const objects = await render({ values: { tls: { existingSecret: "tls", ...tls } } });
    return parse(only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]).server.tls;
  };
  const own = { cert: "/run/tls/llmhub/tls.crt", key: "/run/tls/llmhub/tls.key" };
  const asked = { ...own, clientCa: "/run/tls/llmhub/ca.crt" };
  expect(await tlsOf({})).toEqual(own);
  expect(await tlsOf({ clientCa: true })).toEqual({ ...asked, clientCert: "require" });
  expect(await tlsOf({ clientCa: true, clientCert: "request" })).toEqual({ ...asked, clientCert: "request" });
});

/** Variables of the gateway's container, in a pod of its own or in the patch for another. */
function variablesOf(objects: ReturnType<typeof objectsIn>): Record<string, string> {
  const pods = objects.filter(({ kind }) => kind === "Deployment").map(({ spec }) => spec.template.spec);
  const patches = objects.flatMap(({ data }) =>
    data?.["patch.yaml"] ? [parse(data["patch.yaml"]).spec.template.spec] : [],
  );
  const containers = [...pods, ...patches].flatMap(({ containers = [], initContainers = [] }) => [
    ...containers,
    ...initContainers,
  ]);
  const { env } = containers.find(({ name }) => name === "llmhub");
  return Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value]));
}

/** What `llmhub check-config` says, with files in place of what Kubernetes mounts. */
async function checkConfig(text: string, variables: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-chart-"));
  try {
    const here = text.replaceAll("/run/", `${folder}/run/`);
    for (const [path = ""] of here.matchAll(/(?<=file:| )\/\S*\/run\/\S+/g)) put(path, contentOf(path));
    const file = join(folder, "llmhub.yaml");
    put(file, here);
    const env = { PATH: process.env["PATH"], ...variables, NODE_EXTRA_CA_CERTS: undefined, LLMHUB_CONFIG: file };
    const { stdout } = await run(process.execPath, [join(root, "src/main.js"), "check-config"], { env });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function contentOf(path: string): string {
  if (path.includes("redis")) return "redis://:secret@redis:6379/0";
  const certificate: Readonly<Record<string, string>> = {
    "tls.crt": "server.pem",
    "tls.key": "server.key.pem",
    "ca.crt": "ca.pem",
  };
  const name = certificate[path.slice(path.lastIndexOf("/") + 1)];
  return name === undefined ? "secret" : textOf(`test/support/certificates/${name}`);
}

test("whole numbers stay whole, and what is off stays a text", async () => {
  const text = await template({ example: "production" });
  expect(text).toMatch(/bytesMax: 134217728$/m);
  const config = only(await render({ example: "sidecar" }), "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"];
  expect(config).toMatch(/mode: "off"/);
});

test("limits are shared by as many gateways as there can be", async () => {
  const replicas = async (example: string) =>
    parse(only(await render({ example }), "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]).redis.replicas;
  expect(await replicas("production")).toBe(20);
  expect(await replicas("redis")).toBe(3);
});

test("without keys one is made, which the configuration knows by its digest only", async () => {
  const { createHash } = await import("node:crypto");
  const objects = objectsIn(await template({ example: "defaults" }));
  const key = only(objects, "Secret", "r-llmhub-first-key")["stringData"].key;
  const text = only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"];
  expect(key).toMatch(/^lh_[A-Za-z0-9]{43}$/);
  expect(parse(text).auth.keys).toEqual([{ id: "first", sha256: createHash("sha256").update(key).digest("hex") }]);
  expect(text).not.toContain(key);
  expect((await render({ example: "production" })).filter(({ kind }) => kind === "Secret")).toEqual([]);
});

test("what the values say goes before what the chart adds", async () => {
  const values = {
    config: {
      server: { drain: { delay: "7s" }, limits: { connectionAgeMax: "1m" } },
      models: { default: "simulator/claude" },
    },
  };
  const config = parse(only(await render({ values }), "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]);
  expect(config.server).toEqual({ drain: { delay: "7s", timeout: "2m" }, limits: { connectionAgeMax: "1m" } });
  expect(config.models).toEqual({ default: "simulator/claude" });
});

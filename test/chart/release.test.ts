import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { Cluster } from "./cluster.ts";
import { chart, examples, helm, inFile, textOf, type Values } from "./manifest.ts";

let cluster: Cluster;
let folder: string;
let packed: string;

beforeAll(async () => {
  cluster = await Cluster.start("1.37");
  folder = mkdtempSync(join(tmpdir(), "llmhub-chart-"));
  await helm(["package", chart, "--destination", folder]);
  packed = join(folder, "llmhub-0.1.0.tgz");
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await cluster[Symbol.asyncDispose]();
});

/** What `helm install --dry-run=client` of the package says. */
function install(...args: readonly string[]): Promise<string> {
  const where = ["--kube-apiserver", cluster.url, "--namespace", "llm", "--disable-openapi-validation"];
  return helm(["install", "r", packed, "--dry-run=client", ...where, ...args], folder);
}

/** What it tells the person who installs. */
async function notes(values: Values): Promise<string> {
  const said = await inFile(stringify(values, { version: "1.1" }), (file) => install("--values", file));
  return said.slice(said.indexOf("NOTES:"));
}

/** Whose kinds the cluster has. */
const plain = examples.filter((example) => example !== "cilium" && example !== "gateway-api");

test.each(plain)("the package is installed with %s", async (example) => {
  const said = await install("--values", join(chart, "ci", `${example}-values.yaml`));
  expect(said).toContain("STATUS: pending-install");
  expect(said).toContain("NOTES:\nLLM Connector Hub 0.1.0, release r, mode ");
});

test("the notes lead to a first call, and say what it is worth", async () => {
  const said = await notes({});
  expect(said).toContain("kubectl -n llm get secret r-llmhub-first-key");
  expect(said).toContain("r-llmhub.llm.svc:50051 (gRPC), :80 (HTTP)");
  expect(said).toContain("WARNING: answers come from a simulator");
  expect(said.match(/WARNING/g)).toHaveLength(1);
});

test("the notes call as the gateway listens", async () => {
  const tls = { existingSecret: "tls" };
  expect(await notes({})).toContain("curl -s http://127.0.0.1:8080/v1/completions");
  expect(await notes({ tls })).toContain("curl -sk https://127.0.0.1:8080/v1/completions");
  expect(await notes({ tls: { ...tls, clientCa: true } })).toContain(
    "--cert CERTIFICATE --key ITS_KEY https://127.0.0.1:8080",
  );
});

test("the notes of a sound release warn of nothing", async () => {
  const said = await install("--values", join(chart, "ci/production-values.yaml"));
  expect(said).not.toContain("WARNING");
  expect(said).not.toContain("first-key");
  expect(said).toContain("A pod that ends has 316 s");
});

test.each([
  [
    "limits of each pod by itself",
    { config: { limits: [{ scope: "key", requests: 5, per: "minute" }] } },
    "config.limits hold for each of 2 pods by itself",
  ],
  ["an open way out", { networkPolicy: { enabled: false } }, "networkPolicy is off"],
  ["no limit of memory", { resources: { limits: { memory: null } } }, "without resources.limits.memory"],
  ["keys in variables", { envFrom: [{ secretRef: { name: "a" } }] }, "envFrom: keys in variables show"],
  ["a Redis that forgets", { redis: { evaluation: { enabled: true } } }, "redis.evaluation forgets everything"],
])("the notes warn of %s", async (_what, values, warning) => {
  expect(await notes(values)).toContain(`WARNING: ${warning}`);
});

test("the notes of a sidecar say how to put it into a pod", async () => {
  const native = await notes({ mode: "sidecar" });
  expect(native).toContain("get configmap r-llmhub-sidecar");
  expect(native).toContain("It is a native sidecar");
  expect(await notes({ mode: "sidecar", sidecar: { native: false } })).toContain("it takes calls for 20s more");
});

test("metrics that the notes name exist", () => {
  const named = [...textOf("helm/llmhub/templates/NOTES.txt").matchAll(/llmhub_\(([a-z_|]+)\)/g)].flatMap(
    ([, names = ""]) => names.split("|"),
  );
  expect(named.length).toBeGreaterThan(3);
  const metrics = textOf("docs/operations.md");
  for (const name of named) expect(metrics).toContain(`\`${name}\``);
});

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chart, complaints, helm, type Manifest, objectsIn, only, podsIn, render, root, template } from "./manifest.ts";
import { restrictedProblems } from "./pod-security.ts";
import type { Kubernetes } from "./tools.ts";

type Container = Manifest["spec"];

/** The example beside the chart it depends on, away from the repository: helm writes into its folder. */
const folder = mkdtempSync(join(tmpdir(), "llmhub-sidecar-"));
const application = join(folder, "examples/sidecar");

beforeAll(async () => {
  cpSync(chart, join(folder, "helm/llmhub"), { recursive: true });
  cpSync(join(root, "examples/sidecar"), application, { recursive: true });
  await helm(["dependency", "update", "--skip-refresh", application]);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The only pod of the example. */
async function podOf(version: Kubernetes) {
  const objects = await render({ of: application, version });
  const deployment = only(objects, "Deployment");
  return { objects, pod: deployment["spec"].template.spec, metadata: deployment["spec"].template.metadata };
}

const named = (containers: readonly Container[] = []) => containers.find(({ name }) => name === "llmhub");

test.each(["1.27", "1.30", "1.37"] as const)("the example's manifests are valid for Kubernetes %s", async (version) => {
  const text = await template({ of: application, version });
  expect(await complaints([text], version)).toEqual([[]]);
  const pods = podsIn(objectsIn(text));
  expect(pods.flatMap(([, pod]) => restrictedProblems(pod))).toEqual([]);
});

test("where Kubernetes can, it begins before the application and ends after it", async () => {
  const { pod } = await podOf("1.30");
  const container = named(pod.initContainers);
  expect(container.restartPolicy).toBe("Always");
  expect(container.startupProbe.httpGet).toEqual({ path: "/livez", port: "llmhub-ops" });
  expect(named(pod.containers)).toBeUndefined();
  expect(pod.terminationGracePeriodSeconds).toBe(20 + 36);
});

test("where Kubernetes cannot, it stands beside the application and takes calls until that has ended", async () => {
  const { pod, objects } = await podOf("1.27");
  const container = named(pod.containers);
  expect(container.restartPolicy).toBeUndefined();
  expect(pod.initContainers).toBeUndefined();
  expect(pod.terminationGracePeriodSeconds).toBe(20 + 56);
  expect(configurationIn(objects).server.drain).toEqual({ delay: "20s", timeout: "30s" });
});

test("only the pod itself can call, without a key; its health is open to the kubelet", async () => {
  const { pod, objects } = await podOf("1.37");
  const env = Object.fromEntries(
    named(pod.initContainers).env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  expect(env).toMatchObject({ LLMHUB_LISTEN: "127.0.0.1:50051", LLMHUB_OPS_LISTEN: "0.0.0.0:9464" });
  expect(configurationIn(objects).auth).toEqual({ mode: "off" });
  expect(objects.map(({ kind }) => kind).sort()).toEqual(["ConfigMap", "ConfigMap", "Deployment"]);
});

test("nothing of it takes a name of the application's", async () => {
  const { pod } = await podOf("1.37");
  const container = named(pod.initContainers);
  for (const { name } of [...container.ports, ...pod.volumes]) expect(name).toMatch(/^llmhub-/);
  const mounted = container.volumeMounts.map(({ name }: { name: string }) => name);
  expect(pod.volumes.map(({ name }: { name: string }) => name)).toEqual(mounted);
});

describe("the patch", () => {
  test.each(["1.27", "1.30"] as const)(
    "makes the pods of an application valid ones for Kubernetes %s",
    async (version) => {
      const objects = await render({ example: "sidecar", version });
      const patch = parse(only(objects, "ConfigMap", "r-llmhub-sidecar")["data"]["patch.yaml"], { version: "1.1" });
      const { metadata, spec } = patch.spec.template;
      expect(only(objects, "PodMonitor")["spec"].selector.matchLabels).toEqual(metadata.labels);
      expect(only(objects, "PodMonitor")["spec"].podMetricsEndpoints[0].port).toBe("llmhub-ops");
      // A strategic merge: containers go by their names.
      const containers = [{ name: "app", image: "app:1" }, ...(spec.containers ?? [])];
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "app", ...metadata },
        spec: { ...spec, containers },
      };
      expect(await complaints([JSON.stringify(pod)], version)).toEqual([[]]);
      expect(restrictedProblems({ ...spec, containers: spec.containers ?? [] })).toEqual([]);
    },
  );

  test("has what the classic way is asked for", async () => {
    const objects = await render({ example: "sidecar-classic", version: "1.37" });
    const { spec } = parse(only(objects, "ConfigMap", "r-llmhub-sidecar")["data"]["patch.yaml"]).spec.template;
    expect(named(spec.containers).lifecycle.preStop).toEqual({ sleep: { seconds: 5 } });
    expect(spec.terminationGracePeriodSeconds).toBe(5 + 30 + 30 + 6);
  });
});

function configurationIn(objects: readonly Manifest[]) {
  return parse(only(objects, "ConfigMap", "r-llmhub")["data"]["llmhub.yaml"]);
}

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { fileSections } from "../../src/config/file-schema.ts";
import { wantsRestart } from "../../src/config/restart-need.ts";
import { GatewayProcess } from "../support/gateway-process.ts";
import { examples, type Manifest, only, podsIn, render, root, textOf, type Values } from "./manifest.ts";

const gateway = {
  "app.kubernetes.io/name": "llmhub",
  "app.kubernetes.io/instance": "r",
  "app.kubernetes.io/component": "gateway",
};
const deployments = examples.filter((example) => !example.startsWith("sidecar"));

/** The pod of the gateway, its container, and its variables. */
async function pod(values: Values, version?: "1.27" | "1.30") {
  const objects = await render({ values, ...(version && { version }) });
  const deployment = only(objects, "Deployment");
  return { objects, deployment, ...partsOf(deployment) };
}

function partsOf(deployment: Manifest) {
  const spec = deployment["spec"].template.spec;
  const container = spec.containers.find(({ name }: { name: string }) => name === "llmhub");
  const env = Object.fromEntries(
    container.env.map(({ name, value }: { name: string; value: string }) => [name, value]),
  );
  return { spec, container, env };
}

test.each(deployments)("everything of %s selects the gateway's pods and nothing else", async (example) => {
  const objects = await render({ example });
  const deployment = only(objects, "Deployment");
  const labels = deployment["spec"].template.metadata.labels;
  expect(deployment["spec"].selector.matchLabels).toEqual(gateway);
  expect(labels).toMatchObject(gateway);
  const selectors = objects.flatMap(({ kind, spec, metadata }) => {
    if (metadata.name.endsWith("-redis")) return [];
    if (kind === "Service") return [spec.selector];
    if (kind === "PodDisruptionBudget" || kind === "PodMonitor") return [spec.selector.matchLabels];
    if (kind === "NetworkPolicy") return [spec.podSelector.matchLabels];
    return kind === "CiliumNetworkPolicy" ? [spec.endpointSelector.matchLabels] : [];
  });
  expect(selectors.length).toBeGreaterThan(2);
  for (const selector of selectors) expect(selector).toEqual(gateway);
  const { topologySpreadConstraints = [], affinity } = deployment["spec"].template.spec;
  for (const { labelSelector } of topologySpreadConstraints) expect(labelSelector.matchLabels).toEqual(gateway);
  expect(JSON.stringify(affinity ?? gateway)).toContain('"app.kubernetes.io/component":"gateway"');
});

test.each(examples)("every object of %s has its labels and its namespace", async (example) => {
  for (const { metadata } of await render({ example })) {
    expect(metadata).toMatchObject({
      namespace: "llm",
      labels: { "app.kubernetes.io/instance": "r", "app.kubernetes.io/managed-by": "Helm" },
    });
  }
});

test("a ServiceMonitor finds the one Service of metrics", async () => {
  const objects = await render({ example: "production" });
  const { selector, endpoints } = only(objects, "ServiceMonitor")["spec"];
  const found = objects.filter(
    ({ kind, metadata }) =>
      kind === "Service" &&
      Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels[name] === value),
  );
  expect(found.map(({ metadata }) => metadata.name)).toEqual(["r-llmhub-metrics"]);
  expect(found[0]?.["spec"].ports.map(({ name }: { name: string }) => name)).toEqual(
    endpoints.map(({ port }: { port: string }) => port),
  );
});

test.each(deployments)("ports of Services and routes of %s lead to ports of the pod", async (example) => {
  const objects = await render({ example });
  const { container } = partsOf(only(objects, "Deployment"));
  const names = container.ports.map(({ name }: { name: string }) => name);
  const services = objects.filter(({ kind, metadata }) => kind === "Service" && !metadata.name.endsWith("-redis"));
  for (const { spec } of services) for (const { targetPort } of spec.ports) expect(names).toContain(targetPort);
  const call = services.find(({ metadata }) => metadata.name === "r-llmhub")?.["spec"].ports ?? [];
  expect(call.map(({ appProtocol }: { appProtocol: string }) => appProtocol)).toEqual(
    example === "tls" ? ["https", "https"] : ["kubernetes.io/h2c", "http"],
  );
  for (const { kind, spec } of objects) {
    if (kind !== "GRPCRoute" && kind !== "HTTPRoute") continue;
    const [{ name, port }] = spec.rules[0].backendRefs;
    expect(name).toBe("r-llmhub");
    expect(call.map((each: { port: number }) => each.port)).toContain(port);
  }
});

test("addresses, probes and ports agree", async () => {
  const { container, env } = await pod({ ports: { grpc: 6000, http: 6001, ops: 6002 }, listenAddress: "[::]" });
  expect(env).toMatchObject({
    LLMHUB_LISTEN: "[::]:6000",
    LLMHUB_HTTP_LISTEN: "[::]:6001",
    LLMHUB_OPS_LISTEN: "[::]:6002",
  });
  expect(container.ports).toEqual([
    { name: "grpc", containerPort: 6000, protocol: "TCP" },
    { name: "http", containerPort: 6001, protocol: "TCP" },
    { name: "ops", containerPort: 6002, protocol: "TCP" },
  ]);
  expect(container.livenessProbe.httpGet).toEqual({ path: "/livez", port: "ops" });
  expect(container.startupProbe.httpGet).toEqual({ path: "/livez", port: "ops" });
  expect(container.readinessProbe.httpGet).toEqual({ path: "/readyz", port: "ops" });
  const { container: other } = await pod({ ports: { grpc: 6000 }, probes: { readiness: { type: "grpc" } } });
  expect(other.readinessProbe).toEqual({
    grpc: { port: 6000 },
    periodSeconds: 5,
    timeoutSeconds: 3,
    failureThreshold: 2,
  });
});

describe("the end of a pod", () => {
  test.each([
    ["as it is", {}, 131],
    ["with a longer drain", { config: { server: { drain: { delay: "1.5s", timeout: "10m" } } } }, 608],
    ["with milliseconds", { config: { server: { drain: { delay: "500ms" } } } }, 127],
    ["with a preStop", { preStop: { sleepSeconds: 9 } }, 140],
    ["as it is told", { terminationGracePeriodSeconds: 300 }, 300],
  ])("%s", async (_how, values, seconds) => {
    const { spec } = await pod(values);
    expect(spec.terminationGracePeriodSeconds).toBe(seconds);
  });

  test("waits by the kubelet where it can, and by Node.js where it cannot", async () => {
    const values = { preStop: { sleepSeconds: 5 } };
    expect((await pod(values, "1.30")).container.lifecycle.preStop).toEqual({ sleep: { seconds: 5 } });
    const { exec } = (await pod(values, "1.27")).container.lifecycle.preStop;
    expect(exec.command).toEqual(["node", "-e", "setTimeout(() => {}, 5000)"]);
    expect((await pod({}, "1.30")).container.lifecycle).toBeUndefined();
  });

  test("comes before that of a mesh's proxy", async () => {
    const { deployment } = await pod({ mesh: { istio: { enabled: true }, linkerd: { enabled: true } } });
    const { annotations, labels } = deployment["spec"].template.metadata;
    expect(JSON.parse(annotations["proxy.istio.io/config"])).toEqual({
      holdApplicationUntilProxyStarts: true,
      terminationDrainDuration: "126s",
    });
    expect(annotations["config.alpha.linkerd.io/proxy-wait-before-exit-seconds"]).toBe("126");
    expect(labels["sidecar.istio.io/inject"]).toBe("true");
  });
});

describe("new pods are made", () => {
  const digest = async (values: Values) =>
    (await pod(values)).deployment["spec"].template.metadata.annotations["checksum/restart"];

  test("for what a running gateway does not take over, and for nothing else", async () => {
    const base = await digest({});
    expect(await digest({ config: { models: { aliases: { fast: "simulator/gpt" } } } })).toBe(base);
    expect(await digest({ config: { limits: [{ scope: "key", requests: 5, per: "minute" }] } })).toBe(base);
    expect(await digest({ config: { log: { level: "debug" } } })).not.toBe(base);
    expect(await digest({ config: { server: { reflection: false } } })).not.toBe(base);
  });

  test("for everything where that is wished", async () => {
    const base = await digest({ reload: "restart" });
    expect(await digest({ reload: "restart", config: { models: { aliases: { fast: "simulator/gpt" } } } })).not.toBe(
      base,
    );
  });

  test("not for a new version of the chart alone", async () => {
    const { deployment } = await pod({});
    expect(JSON.stringify(deployment["spec"].template)).not.toContain("helm.sh/chart");
  });
});

test("the settings that make new pods are those that a running gateway does not take over", () => {
  const [, digested = ""] =
    /\{\{- (dict [^|]*)\| toJson \| sha256sum/.exec(textOf("helm/llmhub/templates/_config.tpl")) ?? [];
  const named = [...digested.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  const sections = Object.keys(fileSections);
  expect(sections.filter((section) => named.includes(section))).toEqual(sections.filter(wantsRestart));
});

describe("memory", () => {
  test.each([
    ["of one process", {}, "60"],
    ["of two workers", { config: { server: { workers: 2 } } }, "30"],
    [
      "of as many workers as cores",
      { config: { server: { workers: "auto" } }, resources: { limits: { cpu: "2500m", memory: "2Gi" } } },
      "20",
    ],
    [
      "of few cores in full",
      { config: { server: { workers: "auto" } }, resources: { limits: { cpu: 2, memory: "2Gi" } } },
      "30",
    ],
  ])("%s is shared out", async (_of, values, percent) => {
    const { env } = await pod(values);
    expect(env["NODE_OPTIONS"]).toBe(`--max-old-space-size-percentage=${percent}`);
  });

  test("without a limit is left to Node.js", async () => {
    expect((await pod({ resources: { limits: { memory: null } } })).env["NODE_OPTIONS"]).toBeUndefined();
    expect((await pod({ heapPercent: null })).env["NODE_OPTIONS"]).toBeUndefined();
  });
});

test("nobody but the autoscaler says how many pods there are", async () => {
  const objects = await render({ example: "production" });
  expect(only(objects, "Deployment")["spec"].replicas).toBeUndefined();
  const { minReplicas, maxReplicas, metrics, scaleTargetRef, behavior } = only(objects, "HorizontalPodAutoscaler")[
    "spec"
  ];
  expect([minReplicas, maxReplicas, scaleTargetRef.name]).toEqual([3, 20, "r-llmhub"]);
  expect(metrics).toEqual([
    {
      type: "ContainerResource",
      containerResource: { name: "cpu", container: "llmhub", target: { type: "Utilization", averageUtilization: 70 } },
    },
    {
      type: "Pods",
      pods: { metric: { name: "llmhub_open_streams" }, target: { type: "AverageValue", averageValue: "800" } },
    },
  ]);
  expect(behavior.scaleDown.stabilizationWindowSeconds).toBe(300);
});

test("secrets are files, in no variable", async () => {
  const objects = await render({ example: "production" });
  const { spec, container } = partsOf(only(objects, "Deployment"));
  expect(container.envFrom).toBeUndefined();
  expect(container.env.filter(({ valueFrom }: { valueFrom?: object }) => valueFrom)).toEqual([]);
  const volume = (name: string) => spec.volumes.find((each: { name: string }) => each.name === name);
  expect(volume("secrets").projected.sources).toEqual([
    {
      secret: {
        name: "llmhub-providers",
        items: [
          { key: "openai-key", path: "openai" },
          { key: "anthropic-key", path: "anthropic" },
        ],
      },
    },
  ]);
  expect(volume("redis").secret).toEqual({
    secretName: "llmhub-redis-url",
    defaultMode: 0o440,
    items: [{ key: "url", path: "url" }],
  });
  for (const { mountPath, subPath, readOnly } of container.volumeMounts) {
    // A file that is mounted by itself never changes.
    expect(subPath).toBeUndefined();
    expect(readOnly === true || mountPath === "/tmp").toBe(true);
  }
});

test("the Redis for evaluation is run by the configuration that its Secret holds", async () => {
  const objects = await render({ example: "redis" });
  const secret = only(objects, "Secret", "r-llmhub-redis")["stringData"];
  expect(secret.url).toBe(`redis://:${secret.password}@r-llmhub-redis:6379/0`);
  expect(secret["redis.conf"]).toContain(`requirepass ${secret.password}\n`);
  expect(secret.password).toMatch(/^[A-Za-z0-9]{32}$/);
  const [, redis] = podsIn(objects).find(([name]) => name === "StatefulSet r-llmhub-redis") ?? [];
  expect(JSON.stringify(redis)).not.toContain(secret.password);
  expect(only(objects, "Service", "r-llmhub-redis")["spec"].ports[0].targetPort).toBe(
    redis.containers[0].ports[0].name,
  );
});

describe("the image", () => {
  const instructions = textOf("Dockerfile")
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim());
  const last = (name: string) =>
    instructions.findLast((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? "";

  test("is run as it says, by its own user and command", async () => {
    const { spec, container } = await pod({});
    expect(last("USER")).toBe(`${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}`);
    expect([container.command, container.args]).toEqual([undefined, undefined]);
    expect(JSON.parse(last("CMD"))).toEqual(["serve"]);
  });

  test("exposes the ports that the pod has", async () => {
    const { container } = await pod({ ports: { http: 4000 } });
    const exposed = last("EXPOSE").split(" ").map(Number);
    expect(container.ports.map(({ containerPort }: { containerPort: number }) => containerPort)).toEqual(exposed);
  });

  test("takes what `helm test` asks, which a gateway answers", async () => {
    const { args } = only(await render({}), "Pod")["spec"].containers[0];
    expect(JSON.parse(last("ENTRYPOINT")).at(-1)).toBe("/app/dist/main.js");
    await using gateway = await GatewayProcess.start({ providers: { simulator: {} } });
    const here = args.map((word: string) => (word.includes(":9464") ? new URL(gateway.opsUrl).host : word));
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, "src/main.js"), ...here]);
    expect(JSON.parse(stdout)).toEqual({ ready: true, reasons: [] });
  });
});

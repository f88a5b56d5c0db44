import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { version } from "../../src/version.ts";
import { chart, helm, refusal, textOf } from "./manifest.ts";

const key = { id: "a", sha256: "0".repeat(64) };
const redis = { existingSecret: { name: "url" } };

/** Values that the schema refuses, and what is said. */
const outOfSchema = [
  ["a mode that is none", { mode: "daemonset" }, "at '/mode': value must be one of 'deployment', 'sidecar'"],
  ["a misspelled value", { replica: 3 }, "additional properties 'replica' not allowed"],
  ["a misspelled value below", { autoscaling: { maxReplica: 3 } }, "additional properties 'maxReplica' not allowed"],
  ["a port of root", { ports: { grpc: 80 } }, "at '/ports/grpc': minimum: got 80, want 1,024"],
  ["a text for a number", { replicas: "3" }, "at '/replicas'"],
  [
    "a network that is none",
    { networkPolicy: { egress: { to: [{ ports: [1], cidrs: ["10.0.0.0"] }] } } },
    "/egress/to/0/cidrs/0",
  ],
  [
    "egress that leads everywhere",
    { networkPolicy: { egress: { to: [{ ports: [80], peers: [] }] } } },
    "minItems: got 0, want 1",
  ],
  ["egress that leads nowhere", { networkPolicy: { egress: { to: [{ ports: [1] }] } } }, "missing property 'cidrs'"],
  ["a digest that is none", { image: { digest: "latest" } }, "at '/image/digest'"],
  ["an amount that is none", { resources: { limits: { memory: "512MB" } } }, "at '/resources/limits/memory'"],
  [
    "a route without a gateway",
    { grpcRoute: { enabled: true } },
    "at '/grpcRoute/parentRefs': minItems: got 0, want 1",
  ],
  ["an Ingress without a host", { ingress: { enabled: true } }, "at '/ingress/hosts': minItems: got 0, want 1"],
  ["a name that is none", { fullnameOverride: "LLM" }, "at '/fullnameOverride'"],
  [
    "a password that would need escapes",
    { redis: { evaluation: { password: "a@b" } } },
    "at '/redis/evaluation/password'",
  ],
  ["a section that is none", { config: { limit: [] } }, "at '/config': additional properties 'limit' not allowed"],
  ["a setting that is none", { config: { streams: { heart: "1s" } } }, "additional properties 'heart' not allowed"],
  ["a duration that is none", { config: { server: { drain: { delay: "5 s" } } } }, "at '/config/server/drain/delay'"],
  ["a number out of bounds", { config: { overload: { callsMax: 0 } } }, "minimum: got 0, want 1"],
] as const;

test.each(outOfSchema)("the schema refuses %s", async (_what, values, message) => {
  const said = await refusal(values);
  expect(said).toContain("values don't meet the specifications of the schema");
  expect(said).toContain(message);
});

/** Values that contradict each other, and what is said. */
const contradictions = [
  [
    "both configurations",
    { existingConfigMap: { name: "a" }, config: { log: { level: "info" } } },
    "exclude each other; keep one",
  ],
  ["an address in the configuration", { config: { server: { listen: "0.0.0.0:1234" } } }, "set ports.grpc"],
  [
    "an address in a variable",
    { extraEnv: [{ name: "LLMHUB_LISTEN", value: "x" }] },
    "use existingConfigMap, ports, listenAddress",
  ],
  ["no keys in a cluster", { config: { auth: { mode: "off" } } }, "`llmhub keys new` makes one"],
  ["kubelet over TLS", { tls: { existingSecret: "a" }, probes: { readiness: { type: "grpc" } } }, "use http"],
  ["kubelet on loopback", { mode: "sidecar", probes: { readiness: { type: "grpc" } } }, "use http"],
  ["one port twice", { ports: { http: 50051 } }, "must differ"],
  ["one port of the Service twice", { service: { ports: { grpc: 80 } } }, "must differ"],
  ["a label that is the chart's own", { podLabels: { "app.kubernetes.io/name": "a" } }, "use nameOverride"],
  [
    "a key in plain text",
    { config: { providers: { openai: { apiKey: "sk-1" } } } },
    "write file:/run/secrets/llmhub/KEY here",
  ],
  [
    "one of several keys in plain text",
    { config: { providers: { openai: { credentials: [{ name: "a", apiKey: "sk-1" }] } } } },
    "config.providers.openai.credentials.apiKey",
  ],
  [
    "a header with a key in plain text",
    { config: { providers: { openai: { headers: { authorization: "Bearer x" } } } } },
    "config.providers.openai.headers.authorization",
  ],
  [
    "a secret setting in plain text",
    { config: { providers: { bedrock: { settings: { secretAccessKey: "x" } } } } },
    "config.providers.bedrock.secretAccessKey",
  ],
  [
    "a password in plain text",
    { config: { redis: { url: "redis://a:b@redis:6379/0" } } },
    "its name into redis.existingSecret.name",
  ],
  [
    "replicas and an autoscaler",
    { replicas: 3, autoscaling: { enabled: true } },
    "remove replicas, and set autoscaling.minReplicas",
  ],
  [
    "an autoscaler upside down",
    { autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 4 } },
    "must not be above",
  ],
  ["an autoscaler without a measure", { autoscaling: { enabled: true, cpuPercent: null } }, "needs something to go by"],
  [
    "an autoscaler without a request",
    { autoscaling: { enabled: true }, resources: { requests: { cpu: null } } },
    "resources.requests.cpu, which is absent",
  ],
  [
    "a budget that lets no pod go",
    { podDisruptionBudget: { minAvailable: 2 } },
    "2 of 2 pods at least leaves none to be moved",
  ],
  ["a budget that keeps all", { podDisruptionBudget: { minAvailable: "100%" } }, "100% leaves no pod to be moved"],
  ["a budget that lets none go at all", { podDisruptionBudget: { maxUnavailable: 0 } }, "set it to 1"],
  ["a rollout that cannot begin", { rollout: { maxSurge: 0 } }, "set maxSurge: 1"],
  [
    "two monitors",
    { serviceMonitor: { enabled: true }, podMonitor: { enabled: true } },
    "would count everything twice",
  ],
  ["two Redis", { redis: { ...redis, evaluation: { enabled: true } } }, "does not go with another Redis"],
  ["shared streams without Redis", { config: { streams: { shared: true } } }, "config.streams.shared needs a Redis"],
  [
    "a shared cache without Redis",
    { config: { cache: { driver: "redis" } } },
    "config.cache.driver: redis needs a Redis",
  ],
  ["a Redis out of reach", { redis }, "networkPolicy lets the gateway reach no Redis"],
  [
    "a provider out of reach",
    { config: { providers: { a: { kind: "openai-compatible", baseUrl: "http://vllm:8000/v1" } } } },
    "add an entry with ports: [8000]",
  ],
  [
    "names with Kubernetes' own policy",
    { networkPolicy: { egress: { hosts: ["api.openai.com"] } } },
    "set networkPolicy.flavor: cilium",
  ],
  [
    "the address of credentials",
    { networkPolicy: { egress: { to: [{ ports: [80], cidrs: ["169.254.169.254/32"] }] } } },
    "name the service in networkPolicy.egress.metadata",
  ],
  [
    "a network among peers",
    { networkPolicy: { egress: { to: [{ ports: [80], peers: [{ ipBlock: { cidr: "169.254.169.254/32" } }] }] } } },
    "a network goes into cidrs",
  ],
  [
    "the IPv6 address of credentials",
    { networkPolicy: { egress: { to: [{ ports: [80], cidrs: ["fd00:ec2::/64"] }] } } },
    "networkPolicy.egress.metadata",
  ],
  ["too short an end", { terminationGracePeriodSeconds: 30 }, "6 seconds are 131: remove it, or shorten those"],
  ["too short an end behind preStop", { terminationGracePeriodSeconds: 140, preStop: { sleepSeconds: 10 } }, "are 141"],
  [
    "an end of which nothing is known",
    { existingConfigMap: { name: "a" } },
    "set it to preStop.sleepSeconds + delay + timeout + 6 seconds",
  ],
  [
    "a drain that cannot be reckoned with",
    { config: { server: { drain: { delay: `\${DELAY}` } } } },
    "needs a duration such as 30s",
  ],
  [
    "more workers than memory",
    { config: { server: { workers: 8 } } },
    "512Mi is less than 8 workers take (100 MB each before the first call); give 1024Mi or more",
  ],
  ["too little memory", { resources: { limits: { memory: 1e8 } } }, "give 128Mi or more"],
  [
    "as many workers as the node has cores",
    { config: { server: { workers: "auto" } } },
    "set resources.limits.cpu, or a number of workers",
  ],
  [
    "a route to a sidecar",
    { mode: "sidecar", httpRoute: { enabled: true, parentRefs: [{ name: "a" }] } },
    "httpRoute.enabled goes with mode: deployment",
  ],
  [
    "a scaled sidecar",
    { mode: "sidecar", autoscaling: { enabled: true } },
    "autoscaling.enabled goes with mode: deployment",
  ],
] as const;

test.each(contradictions)("the chart refuses %s, and says how to mend it", async (_what, values, message) => {
  const { config, ...rest } = { config: undefined, ...values };
  const auth = { mode: "keys", keys: [key] };
  const isOwn = "existingConfigMap" in values || "mode" in values;
  const said = await refusal(isOwn ? values : { ...rest, config: { auth, ...config } });
  expect(said).toContain("execution error");
  expect(said).toContain(message);
});

test.each([
  ["a loopback model server", { config: { providers: { a: { kind: "vllm", baseUrl: "http://127.0.0.1:8000/v1" } } } }],
  ["an end that is long enough", { terminationGracePeriodSeconds: 131 }],
  ["a key from the environment", { config: { providers: { openai: { apiKey: `\${OPENAI_API_KEY}` } } } }],
  ["memory in powers of ten", { config: { server: { workers: 7 } }, resources: { limits: { memory: "1G" } } }],
  ["a budget in percent", { podDisruptionBudget: { minAvailable: "50%" } }],
])("%s is taken", async (_what, values) => {
  expect(await refusal(values)).toBe("");
});

test("a number on the command line counts as one in a file", async () => {
  const args = ["template", "r", chart, "--kube-version", "1.37", "--set", "podDisruptionBudget.minAvailable=2"];
  await expect(helm(args)).rejects.toThrow("2 of 2 pods at least leaves none to be moved");
});

describe("what the chart repeats", () => {
  test("is the version of the package", () => {
    expect(parse(textOf("helm/llmhub/Chart.yaml")).appVersion).toBe(version());
  });

  test("are the services of the API but those of operators", () => {
    const files = ["completion", "embedding", "model", "rerank"].map((name) => `proto/llmhub/v1/${name}_service.proto`);
    const services = files.flatMap((file) =>
      [...textOf(file).matchAll(/^service (\w+)/gm)].map(([, name]) => `llmhub.v1.${name}`),
    );
    const listed = parse(textOf("helm/llmhub/values.yaml")).grpcRoute.services;
    expect([...listed].sort()).toEqual(["grpc.health.v1.Health", ...services].sort());
  });

  test("are the beginnings of all paths of plain HTTP", () => {
    const paths = Object.keys(JSON.parse(textOf("src/surfaces/openapi/openapi.json")).paths);
    const through: readonly string[] = parse(textOf("helm/llmhub/values.yaml")).httpRoute.paths;
    expect(paths.length).toBeGreaterThan(8);
    const closed = paths.filter((path) => !through.some((each) => path === each || path.startsWith(`${each}/`)));
    // What answers for health is asked within the cluster.
    expect(closed.filter((path) => !/^\/(?:live|ready|health)/.test(path))).toEqual([]);
  });
});

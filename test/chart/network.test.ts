import { expect, test } from "vitest";
import { examples, only, podsIn, render } from "./manifest.ts";
import { letsOut, strayExceptions } from "./network.ts";

const inNetwork = examples.filter((example) => !/sidecar|existing-config/.test(example));

/** AWS, ECS, EKS, Google Cloud and Azure, Alibaba Cloud, Azure's host. */
const metadata = [
  ["169.254.169.254", "fd00:ec2::254", "fd20:ce::254"],
  ["169.254.170.2"],
  ["169.254.170.23", "fd00:ec2::23"],
  ["169.254.169.252", "100.100.100.200", "168.63.129.16"],
].flat();

test.each(inNetwork.filter((example) => example !== "cilium"))("%s reaches no metadata address", async (example) => {
  const policy = only(await render({ example }), "NetworkPolicy", "r-llmhub");
  const reached = metadata.flatMap((address) =>
    [80, 443, 4318, 988].filter((port) => letsOut(policy, address, port)).map((port) => `${address}:${port}`),
  );
  expect(reached).toEqual([]);
  expect(strayExceptions(policy)).toEqual([]);
});

test("a network that holds a metadata address is let out but for that", async () => {
  const policy = only(await render({ example: "locked-down" }), "NetworkPolicy");
  const reaches = (address: string) => letsOut(policy, address, 80);
  expect([
    reaches("10.1.2.3"),
    reaches("169.253.0.1"),
    reaches("169.255.0.1"),
    reaches("8.8.8.8"),
    reaches("fd01::1"),
  ]).toEqual(Array(5).fill(true));
  expect([letsOut(policy, "8.8.8.8", 443), letsOut(policy, "2001:db8::1", 80)]).toEqual([false, false]);
});

test("whoever needs the machine's credentials gets to them, and no further", async () => {
  const values = { networkPolicy: { egress: { metadata: ["aws-imds", "eks-pod-identity"] } } };
  const policy = only(await render({ values }), "NetworkPolicy");
  expect(letsOut(policy, "169.254.169.254", 80)).toBe(true);
  expect(letsOut(policy, "fd00:ec2::23", 80)).toBe(true);
  expect(letsOut(policy, "169.254.169.254", 443)).toBe(false);
  expect(letsOut(policy, "169.254.169.253", 80)).toBe(false);
});

test("providers are reached, whatever is no provider is not", async () => {
  const policy = only(await render({ example: "defaults" }), "NetworkPolicy");
  expect(letsOut(policy, "104.18.7.192", 443)).toBe(true);
  expect(letsOut(policy, "2606:4700::1", 443)).toBe(true);
  expect(letsOut(policy, "104.18.7.192", 80)).toBe(false);
  expect(letsOut(policy, "10.0.0.1", 6379)).toBe(false);
});

test("private networks can be left out", async () => {
  const values = { networkPolicy: { egress: { https: { except: ["10.0.0.0/8", "fd00::/8"] } } } };
  const policy = only(await render({ values }), "NetworkPolicy");
  expect(letsOut(policy, "10.0.0.1", 443)).toBe(false);
  expect(letsOut(policy, "fd00::1", 443)).toBe(false);
  expect(letsOut(policy, "104.18.7.192", 443)).toBe(true);
});

test("networks are left out of those that they lie in", async () => {
  const https = { cidrs: ["10.0.0.0/8", "52.0.0.0/8", "fd00::/8"], except: ["10.1.0.0/16", "10.0.0.0/8", "fd01::/16"] };
  const policy = only(await render({ values: { networkPolicy: { egress: { https } } } }), "NetworkPolicy");
  expect(strayExceptions(policy)).toEqual([]);
  const reached = ["10.1.0.1", "10.2.0.1", "52.1.0.1", "fd01::1", "fd02::1"].map((at) => letsOut(policy, at, 443));
  expect(reached).toEqual([false, true, true, false, true]);
});

test("names are asked for where their servers listen", async () => {
  const [dns] = only(await render({ example: "openshift" }), "NetworkPolicy")["spec"].egress;
  expect(dns.ports).toEqual([
    { protocol: "UDP", port: 5353 },
    { protocol: "TCP", port: 5353 },
  ]);
  expect(JSON.stringify(dns.to)).toContain("openshift-dns");
});

test("proxies of a mesh reach its control plane, and each other", async () => {
  const to = [{ ports: [6379], peers: [{ podSelector: { matchLabels: { app: "redis" } } }] }];
  const mesh = { istio: { namespace: "istio" } };
  const objects = await render({ example: "mesh", values: { mesh, networkPolicy: { egress: { to } } } });
  const { ingress, egress } = only(objects, "NetworkPolicy")["spec"];
  const numbers = ({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port);
  const leading = (namespace: string) =>
    egress.filter((rule: unknown) => JSON.stringify(rule).includes(`"kubernetes.io/metadata.name":"${namespace}"`));
  expect(leading("linkerd").map(numbers)).toEqual([[8080, 8086, 8090]]);
  expect(leading("istio").map(numbers)).toEqual([[15012]]);
  expect(numbers(ingress[0])).toEqual([50051, 4143]);
  expect(egress.map(numbers)).toContainEqual([6379, 4143]);
});

test("only the ports of the pod are let in", async () => {
  for (const example of inNetwork.filter((each) => each !== "mesh")) {
    const objects = await render({ example });
    const { ingress, policyTypes } = only(objects, "NetworkPolicy", "r-llmhub")["spec"];
    expect(policyTypes).toEqual(["Ingress", "Egress"]);
    const open = ingress.flatMap(({ ports }: { ports: { port: number }[] }) => ports.map(({ port }) => port));
    const [, pod] = podsIn(objects).find(([name]) => name === "Deployment r-llmhub") ?? [];
    const [{ ports }] = pod.containers.filter(({ name }: { name: string }) => name === "llmhub");
    expect(open, example).toEqual(ports.map(({ containerPort }: { containerPort: number }) => containerPort));
  }
});

test("whoever may ask for metrics, `helm test` may too", async () => {
  const objects = await render({ example: "production" });
  const [, { from }] = only(objects, "NetworkPolicy")["spec"].ingress;
  const labels = only(objects, "Pod").metadata.labels;
  expect(from[0].namespaceSelector.matchLabels).toEqual({ "kubernetes.io/metadata.name": "monitoring" });
  expect(labels).toMatchObject(from[1].podSelector.matchLabels);
});

test("with Cilium hosts take the place of networks", async () => {
  const objects = await render({ example: "cilium" });
  const policy = only(objects, "NetworkPolicy");
  expect(letsOut(policy, "104.18.7.192", 443)).toBe(false);
  const [, { toFQDNs }] = only(objects, "CiliumNetworkPolicy")["spec"].egress;
  expect(toFQDNs).toEqual([{ matchName: "api.openai.com" }, { matchPattern: "*.openai.azure.com" }]);
});

test("the Redis for evaluation takes calls of the gateway only, and makes none", async () => {
  for (const [example, who] of [
    [
      "redis",
      {
        "app.kubernetes.io/name": "llmhub",
        "app.kubernetes.io/instance": "r",
        "app.kubernetes.io/component": "gateway",
      },
    ],
    ["sidecar-classic", { "llmhub/sidecar": "r-llmhub" }],
  ] as const) {
    const policy = only(await render({ example }), "NetworkPolicy", "r-llmhub-redis");
    expect(policy["spec"].ingress).toEqual([
      { ports: [{ protocol: "TCP", port: 6379 }], from: [{ podSelector: { matchLabels: who } }] },
    ]);
    expect(policy["spec"].egress).toEqual([]);
  }
});

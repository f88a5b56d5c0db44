import { expect, test } from "vitest";
import { only, render } from "./manifest.ts";

const gateway = {
  "app.kubernetes.io/name": "llmhub",
  "app.kubernetes.io/instance": "r",
  "app.kubernetes.io/component": "gateway",
};

test("labels of one's own meet those of the chart", async () => {
  const release = "on";
  const values = {
    commonLabels: { team: "a", release, "app.kubernetes.io/part-of": "search" },
    podLabels: { team: "b", "sidecar.istio.io/inject": "false" },
    podAnnotations: { "linkerd.io/inject": "ingress" },
    mesh: { istio: { enabled: true }, linkerd: { enabled: true } },
    serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
    dashboards: { enabled: true, labels: { release: "grafana" } },
  };
  // Each key but once, or the parser throws.
  const objects = await render({ values });
  const deployment = only(objects, "Deployment");
  const { labels, annotations } = deployment["spec"].template.metadata;
  const own = { ...gateway, "app.kubernetes.io/part-of": "search" };
  expect(labels).toEqual({ ...own, team: "b", release, "sidecar.istio.io/inject": "false" });
  expect(annotations["linkerd.io/inject"]).toBe("ingress");
  expect(deployment.metadata.labels).toMatchObject({ ...own, team: "a", release });
  expect(only(objects, "ServiceMonitor").metadata.labels).toMatchObject({
    ...own,
    ...{ "app.kubernetes.io/component": "metrics" },
    release: "prometheus",
  });
});

test("names leave room for what Kubernetes puts behind them", async () => {
  const values = { nameOverride: "n".repeat(50), redis: { evaluation: { enabled: true } } };
  for (const { kind, metadata } of await render({ values })) {
    // The label controller-revision-hash: the name, a dash and ten characters.
    expect(metadata.name.length, metadata.name).toBeLessThanOrEqual(kind === "StatefulSet" ? 52 : 63);
  }
});

test("a Redis for evaluation begins anew with what it reads at its start", async () => {
  const digest = async (evaluation: object) =>
    only(
      await render({ values: { redis: { evaluation: { enabled: true, password: "a", ...evaluation } } } }),
      "StatefulSet",
    )["spec"].template.metadata.annotations["checksum/restart"];
  expect(await digest({})).toBe(await digest({ resources: { limits: { memory: "512Mi" } } }));
  expect(await digest({ password: "b" })).not.toBe(await digest({}));
  expect(await digest({ maxMemory: "100mb" })).not.toBe(await digest({}));
});

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chart, complaints, type Manifest, objectsIn, only, template, textOf } from "./manifest.ts";

const values = { prometheusRule: { enabled: true, labels: { release: "prometheus" } }, dashboards: { enabled: true } };

/** What alerts and dashboards say in braces is not for helm. */
const rule = {
  groups: [
    {
      name: "sample",
      rules: [
        {
          alert: "Sample",
          expr: "up == 0",
          annotations: { summary: '{{ $labels.instance }} of {{ printf "%q" $labels.job }}' },
        },
      ],
    },
  ],
};
const dashboard = { title: "Sample", panels: [{ legendFormat: "{{provider}} {{ .Values.mode }}" }] };

describe("rules and dashboards with braces", () => {
  const folder = mkdtempSync(join(tmpdir(), "llmhub-monitoring-"));
  let objects: readonly Manifest[];
  beforeAll(async () => {
    cpSync(chart, folder, { recursive: true });
    for (const name of ["rules", "dashboards"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, "rules/sample.yaml"), JSON.stringify(rule));
    writeFileSync(join(folder, "dashboards/sample.json"), JSON.stringify(dashboard, undefined, 2));
    const text = await template({ of: folder, values });
    expect(await complaints([text], "1.37")).toEqual([[]]);
    objects = objectsIn(text);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("come through as they are", () => {
    expect(only(objects, "PrometheusRule", "r-llmhub-sample")["spec"]).toEqual(rule);
    const { metadata, data } = only(objects, "ConfigMap", "r-llmhub-sample");
    expect(JSON.parse(data["sample.json"])).toEqual(dashboard);
    expect(metadata.labels["grafana_dashboard"]).toBe("1");
  });
});

const delivered = (folder: string) => (existsSync(join(chart, folder)) ? readdirSync(join(chart, folder)) : []);

test.each(delivered("rules"))("the rules of %s are delivered whole", async (file) => {
  const objects = objectsIn(await template({ values }));
  const { metadata, spec } = only(objects, "PrometheusRule", `r-llmhub-${file.replace(/\.yaml$/, "")}`);
  expect(spec).toEqual(parse(textOf(`helm/llmhub/rules/${file}`)));
  expect(metadata.labels["release"]).toBe("prometheus");
});

test.each(delivered("dashboards"))("the dashboard %s is delivered whole, and fits", async (file) => {
  const objects = objectsIn(await template({ values }));
  const { data } = only(objects, "ConfigMap", `r-llmhub-${file.replace(/\.json$/, "")}`);
  expect(JSON.parse(data[file])).toEqual(JSON.parse(textOf(`helm/llmhub/dashboards/${file}`)));
  // Of a ConfigMap, in all.
  expect(Buffer.byteLength(data[file])).toBeLessThan(1_000_000);
});

test("scrapes bear the job that rules go by", async () => {
  for (const example of ["production", "monitoring", "sidecar"]) {
    const objects = objectsIn(await template({ example }));
    const monitor = objects.find(({ kind }) => kind.endsWith("Monitor"));
    const label = monitor?.["spec"].jobLabel;
    const job = monitor?.["spec"].selector.matchLabels[label];
    expect(job).toContain("llmhub");
  }
});

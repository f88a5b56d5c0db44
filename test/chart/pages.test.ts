import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Block, documentation } from "../docs/page.ts";
import { statementsOf } from "../docs/scratch.ts";
import { Cluster } from "./cluster.ts";
import { complaints, examples, helm, only, refusal, render, root, template, textOf } from "./manifest.ts";

const own = "test/chart/pages.test.ts";
const blocks = documentation().flatMap((page) => page.blocks.filter(({ notes }) => notes.get("run-by") === own));

let cluster: Cluster;
/** What helm needs of the repository, and where the pages' files go. */
let folder: string;

beforeAll(async () => {
  cluster = await Cluster.start("1.37");
  folder = mkdtempSync(join(tmpdir(), "llmhub-chart-"));
  for (const path of ["helm", "examples/sidecar"]) cpSync(join(root, path), join(folder, path), { recursive: true });
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await cluster[Symbol.asyncDispose]();
});

const shown = (language: string) => blocks.filter((block) => block.language === language);

test.each(shown("yaml"))("the values at $page:$line are good ones", async ({ text }) => {
  expect(await refusal(parse(text))).toBe("");
  expect(await complaints([await template({ values: parse(text) })], "1.37")).toEqual([[]]);
});

describe("commands of the pages work", () => {
  test.each(shown("sh"))("$page:$line", async (block) => {
    const statements = statementsOf(block.text);
    expect(statements.length).toBeGreaterThan(0);
    for (const statement of statements) expect(await run(statement, block)).not.toBe("");
  });
});

/** Runs helm as a page says, at a cluster where nothing happens. */
async function run(statement: string, { page }: Block): Promise<string> {
  const [program, ...args] = statement.split(/\s+/);
  if (program !== "helm") throw new Error(`${page} has a command that is not helm's: ${statement}`);
  const values = blocks.find(({ notes }) => notes.get("file") === "values.yaml")?.text ?? "";
  writeFileSync(join(folder, "values.yaml"), values);
  const dry = ["--dry-run=client", "--disable-openapi-validation", "--kube-apiserver", cluster.url];
  return helm(args[0] === "upgrade" ? [...args, ...dry] : args, folder);
}

test("the adapter serves the metric that the autoscaler asks for", async () => {
  const [{ seriesQuery, name, metricsQuery }] = parse(textOf("helm/prometheus-adapter-values.yaml")).rules.custom;
  const { metrics } = only(await render({ example: "autoscaled" }), "HorizontalPodAutoscaler")["spec"];
  expect(metrics.map(({ pods }: { pods: { metric: { name: string } } }) => pods.metric.name)).toEqual([name.as]);
  expect(seriesQuery).toMatch(new RegExp(`^${name.as}\\{`));
  expect(textOf("docs/operations.md")).toContain(`\`${name.as.replace("llmhub_", "")}\``);
  expect(metricsQuery).toContain("by (<<.GroupBy>>)");
});

test("the README of the chart leads to every example of values", async () => {
  const page = textOf("helm/llmhub/README.md");
  for (const example of examples.filter((each) => each !== "defaults"))
    expect(page).toContain(`(ci/${example}-values.yaml)`);
});

test("the numbers of a rollout are those of the chart", async () => {
  const page = textOf("docs/deployment.md");
  const pod = only(await render({}), "Deployment")["spec"].template.spec;
  expect(page).toContain(`| ${pod.terminationGracePeriodSeconds} s (\`terminationGracePeriodSeconds\``);
  const { drain } = parse(only(await render({}), "ConfigMap")["data"]["llmhub.yaml"]).server;
  expect(page).toContain(`| ${drain.delay.replace("s", " s")} (\`config.server.drain.delay\`)`);
  expect(page).toContain(`| ${drain.timeout.replace("m", " min")} more (\`config.server.drain.timeout\`)`);
});

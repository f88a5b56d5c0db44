import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "./support/source.ts";

interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, { readonly "timeout-minutes"?: number; readonly steps: readonly Step[] }>>;
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

const folder = join(root, ".github/workflows");
const texts = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")] as const);
const workflows = texts.map(([name, text]) => ({ name, workflow: parse(text) as Workflow }));
const steps = workflows.flatMap(({ name, workflow }) =>
  Object.entries(workflow.jobs).flatMap(([job, { steps: own }]) => own.map((step) => ({ at: `${name} ${job}`, step }))),
);
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

test("every script of npm that a workflow or .ci/run names exists", () => {
  const ci = { at: ".ci/run", step: { run: readFileSync(join(root, ".ci/run"), "utf8") } };
  const named = [...steps, ci].flatMap(({ at, step: { run = "" } }) =>
    [...run.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test)\b)/g)].map(([, script, own]) => ({
      at,
      script: script ?? own ?? "",
    })),
  );
  expect(named.length).toBeGreaterThan(6);
  expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
});

test("ci runs every part of .ci/run but the benchmark", () => {
  const scriptsIn = (text: string): string[] =>
    [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script = ""]) => script);
  const ci = scriptsIn(readFileSync(join(folder, "ci.yml"), "utf8"));
  const parts = scriptsIn(readFileSync(join(root, ".ci/run"), "utf8"));
  expect(parts.filter((part) => part !== "bench" && !ci.includes(part))).toEqual([]);
});

test("actions are pinned by commit, with the release beside it", () => {
  const uses = texts.flatMap(([name, text]) =>
    [...text.matchAll(/^.*\buses: (.+)$/gm)].map(([, use]) => `${name}: ${use}`),
  );
  expect(uses.length).toBeGreaterThan(10);
  expect(uses.filter((use) => !/^\S+: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+(?:\.\d+)*$/.test(use))).toEqual([]);
});

test("one action has one commit", () => {
  const commits = new Map<string, Set<string>>();
  for (const { step } of steps) {
    const [action = "", commit = ""] = step.uses?.split("@") ?? [];
    const repository = action.split("/", 2).join("/");
    commits.set(repository, (commits.get(repository) ?? new Set()).add(commit));
  }
  expect([...commits].filter(([action, own]) => action !== "" && own.size > 1)).toEqual([]);
});

test("a workflow may read, a job ends in time, a checkout leaves no credential behind", () => {
  const wrong = workflows.flatMap(({ name, workflow: { permissions, jobs } }) => [
    ...(JSON.stringify(permissions) === '{"contents":"read"}' ? [] : [`${name}: permissions`]),
    ...Object.entries(jobs).flatMap(([job, own]) => (own["timeout-minutes"] === undefined ? [`${name}: ${job}`] : [])),
  ]);
  const checkouts = steps.filter(({ step }) => step.uses?.startsWith("actions/checkout@"));
  const keeping = checkouts.filter(({ step }) => step.with?.["persist-credentials"] !== false);
  expect([...wrong, ...keeping.map(({ at }) => at)]).toEqual([]);
  expect(texts.filter(([, text]) => /pull_request_target/.test(text)).map(([name]) => name)).toEqual([]);
});

test("folders that dependabot looks at exist", () => {
  const { updates } = parse(readFileSync(join(root, ".github/dependabot.yml"), "utf8"));
  const folders: string[] = updates.flatMap(({ directory, directories }: Record<string, string | string[]>) =>
    [directory ?? directories ?? []].flat(),
  );
  expect(folders.filter((each) => !existsSync(join(root, each)))).toEqual([]);
});

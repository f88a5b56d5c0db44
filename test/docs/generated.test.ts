import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commandReference } from "../../src/cli/command-reference.ts";
import { configReference } from "../../src/cli/config-reference.ts";
import { errorTable } from "../../src/cli/error-table.ts";
import { providerTables } from "../../src/cli/provider-table.ts";
import { providerKinds } from "../../src/providers/index.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { CrewMetrics } from "../../src/workers/crew-metrics.ts";
import { root } from "../support/source.ts";
import { documentation } from "./page.ts";

test("what `npm run generate` writes into the pages is current", async () => {
  expect(partOf("configuration-reference.md", "settings")).toBe(configReference());
  expect(partOf("command-line.md", "commands")).toBe(await commandReference());
  expect(partOf("providers.md", "providers")).toBe(providerTables(providerKinds.values()));
});

test("so is the table of errors, whose sentences come from the proto files", () => {
  const table = partOf("errors.md", "reasons");
  const sentences = new Map(
    [...table.matchAll(/^\| `(\w+)` \| \S+ \| \d+ \| ([^|]+) \|/gm)].map((row) => [row[1], row[2]]),
  );
  expect(table).toBe(errorTable((reason) => sentences.get(reason) ?? "missing"));
  expect([...sentences.values()]).not.toContain("missing");
});

test("settings that pages name are in the reference", () => {
  const reference = configReference();
  const sections = [...reference.matchAll(/^## (\w+)$/gm)].map(([, section]) => section);
  const setting = new RegExp(`\`((?:${sections.join("|")})\\.[a-zA-Z.]+)\``, "g");
  const named = documentation().flatMap(({ path, text }) =>
    path.startsWith("helm/") ? [] : [...text.matchAll(setting)].map(([, name = ""]) => name),
  );
  const unknown = named.filter((name) => !name.endsWith(".json") && !reference.includes(`\`${name}`));
  expect(named.length).toBeGreaterThan(40);
  // A value of the chart, and attributes of spans.
  expect(unknown.filter((name) => !["redis.existingSecret", "server.address", "server.port"].includes(name))).toEqual(
    [],
  );
});

test("every metric of the registry is on the page, and none that there is not", () => {
  const [page = ""] = readFileSync(join(root, "docs/operations.md"), "utf8").split("\n## Log");
  const told = [...page.matchAll(/^\| (`[a-z_`, ]+`) \|/gm)].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []);
  const own = metricNames().map((name) => name.replace(/^llmhub_/, ""));
  expect(own.filter((name) => !told.includes(name))).toEqual([]);
  expect(told.filter((name) => !own.includes(name))).toEqual([]);
});

/** Metrics of a gateway, of workers and of the process above them, but those of Node and the process. */
function metricNames(): string[] {
  const metrics = new Metrics("1.0.0");
  metrics.redisUp.value = 1;
  const registries = [metrics.registry, new CrewMetrics().registry];
  const names = registries.flatMap((registry) => registry.getMetricsAsArray().map(({ name }) => name));
  return [...new Set(names)].filter((name) => !/^(?:process|nodejs)_/.test(name));
}

function partOf(page: string, name: string): string {
  const text = readFileSync(join(root, "docs", page), "utf8");
  const [, part = ""] = text.split(`<!-- ${name}, by npm run generate -->\n\n`);
  return part.split(`\n<!-- /${name} -->`, 1)[0] ?? "";
}

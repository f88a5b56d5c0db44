// Writes helm/llmhub/dashboards, and what docs tell of the alerts in helm/llmhub/rules; part of npm run generate.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writePart } from "../src/cli/generated-part.ts";
import { dashboardJson } from "./dashboard.ts";
import { alertTable, dashboardTable } from "./docs-table.ts";
import { dashboards } from "./index.ts";

const folder = join(import.meta.dirname, "../helm/llmhub/dashboards");
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) rmSync(join(folder, name));
for (const dashboard of dashboards) {
  writeFileSync(join(folder, `${dashboard.name}.json`), `${JSON.stringify(dashboardJson(dashboard), undefined, 1)}\n`);
}
writePart("operations.md", "dashboards", dashboardTable(dashboards));
writePart("operations.md", "alerts", alertTable());

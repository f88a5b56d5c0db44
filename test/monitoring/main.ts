// npm run test:monitoring: the alerts by promtool's own tests, and every query of dashboards and alerts asked of a Prometheus that
// watches a gateway with traffic. Needs prometheus, promtool and redis-server; where one is not there it says so and ends.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { dashboardQueries, ruleQueries, variableQueries } from "../dashboards/queries.ts";
import { Checks } from "../support/checks.ts";
import { RedisServer } from "../support/redis-server.ts";
import { root } from "../support/source.ts";
import { Prometheus } from "./prometheus.ts";
import { call, startGateway } from "./traffic.ts";

/** Panels of what need not happen here. All others have to show something. */
const silent = new Set<string>([
  "cache: Operations that fail",
  "errors: Answers without their marker",
  "errors: Redirects not followed",
  "errors: The gateway's own faults",
  "limits: Part of calls that is shed",
  "limits: Shed for overload",
  "process: Spans",
  "process: Workers that ended",
  "streams: Begun anew elsewhere",
]);

const checks = new Checks();
const missing = ["promtool", "prometheus", "redis-server"].filter((name) => spawnSync(name, ["--version"]).error);
if (missing.length > 0) checks.skip(`alerts and dashboards: there is no ${missing.join(", no ")}`);
else {
  const rules = readdirSync(`${root}/helm/llmhub/rules`).map((name) => `helm/llmhub/rules/${name}`);
  promtool("the rules are Prometheus'", ["check", "rules", ...rules]);
  promtool("compose's configuration is, too", ["check", "config", "--syntax-only", "deploy/compose/prometheus.yml"]);
  promtool("alerts fire when they should, and only then", ["test", "rules", "test/monitoring/alerts.yaml"]);
  await live();
}
checks.end();

function promtool(what: string, words: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync("promtool", words, { cwd: root, encoding: "utf8" });
  checks.that(what, status === 0, stdout + stderr);
}

async function live(): Promise<void> {
  await using redis = await RedisServer.start();
  await using gateway = await startGateway(redis.url);
  await using prometheus = await Prometheus.start(gateway.opsUrl.replace("http://", ""));
  await prometheus.scraped(1);
  // A series has to be there before it grows, or its rate is nothing; some are there from the second round on.
  for (let round = 1; round <= 3; round++) {
    await call(gateway.url);
    await prometheus.scraped(2);
  }
  const failed: string[] = [];
  const shown = new Set<string>();
  const panels = new Set(dashboardQueries().map(({ where }) => where));
  for (const { where, expr } of [...dashboardQueries(), ...variableQueries(), ...ruleQueries()]) {
    const samples = await prometheus.ask(expr);
    if (typeof samples === "string") failed.push(`${where}: ${samples}`);
    else if (samples.length > 0) shown.add(where);
  }
  checks.that("Prometheus takes every query", failed.length === 0, failed.join("\n"));
  const broken = await prometheus.brokenRules();
  checks.that("it evaluates every rule", broken.length === 0, broken.join("\n"));
  const empty = [...panels].filter((where) => !shown.has(where) && !silent.has(where));
  checks.that(`${panels.size - silent.size} panels show what happens`, empty.length === 0, empty.join("\n"));
  const unknown = [...silent].filter((where) => !panels.has(where));
  checks.that("and those that need not are panels, too", unknown.length === 0, unknown.join("\n"));
}

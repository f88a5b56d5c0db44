import { collectDefaultMetrics, Registry } from "prom-client";
import { Family, type FamilyNames } from "../telemetry/family.ts";

/** How exactly the event loop is watched, as in workers. */
const loopPrecisionMs = 20;

/** Metrics of the process that holds what workers share. Those that workers have, too, are added to theirs. */
export class CrewMetrics {
  readonly registry = new Registry();
  readonly workers = this.#gauge("workers", "Workers that serve.");
  readonly silentWorkers = this.#gauge("silent_workers", "Workers that did not answer for this scrape in time.");
  /** Labels: signal, or "exit_" and the code. */
  readonly exits = this.#counter("worker_exits_total", "Workers that ended, and were started again.", ["reason"]);
  readonly configRefused = this.#counter(
    "config_reload_failures_total",
    "Configurations that were not taken into use.",
    [],
  ).cell();
  readonly faults = this.#counter("faults_total", "Exceptions that nothing expected.", []).cell();
  readonly keysEvicted = this.#counter(
    "idempotency_evictions_total",
    "Answers that went before their time to make room for others.",
    [],
  ).cell();

  constructor() {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: loopPrecisionMs });
  }

  #gauge(name: string, help: string): { value: number } {
    return new Family(this.registry, "gauge", { name: `llmhub_${name}`, help, labels: [] }).cell();
  }

  #counter<Label extends string>(name: string, help: string, labels: FamilyNames<Label>["labels"]): Family<Label> {
    return new Family(this.registry, "counter", { name: `llmhub_${name}`, help, labels });
  }
}

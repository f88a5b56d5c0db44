import { rules } from "../../dashboards/rules.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { CrewMetrics } from "../../src/workers/crew-metrics.ts";

/** What Prometheus adds to every series that it scrapes. */
const ofTarget = ["job", "instance", "namespace", "pod"];

/** Labels by the name of the series: everything that a gateway, its workers and the process above them tell, and what rules record. */
export function families(): Map<string, ReadonlySet<string>> {
  const metrics = new Metrics("1.0.0");
  metrics.redisUp.value = 1;
  const found = new Map<string, ReadonlySet<string>>([["up", new Set(ofTarget)]]);
  for (const registry of [metrics.registry, new CrewMetrics().registry]) {
    for (const metric of registry.getMetricsAsArray()) {
      const { name, labelNames = [] } = metric as { name: string; labelNames?: readonly string[] };
      // Of several workers each has its own.
      const ofProcess = /^(?:process|nodejs)_/.test(name) ? ["worker"] : [];
      const labels = [...ofTarget, ...labelNames, ...ofProcess];
      found.set(name, new Set(labels));
      // Which of them are histograms, only their readings tell; a name too many harms nobody.
      found.set(`${name}_bucket`, new Set([...labels, "le"]));
      found.set(`${name}_sum`, new Set(labels));
      found.set(`${name}_count`, new Set(labels));
    }
  }
  for (const { record } of rules()) if (record !== undefined) found.set(record, new Set(ofTarget));
  return found;
}

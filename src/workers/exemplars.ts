import type { ToldMetric, ToldValue } from "../telemetry/exposition.ts";

/** The sums with the newest exemplar of each number that they are made of; the sums of prom-client are without. */
export function withExemplars(
  sums: readonly ToldMetric[],
  told: readonly (readonly ToldMetric[])[],
): readonly ToldMetric[] {
  const newest = new Map<string, ToldValue["exemplar"]>();
  for (const { values } of told.flat()) {
    for (const value of values) {
      if (!value.exemplar) continue;
      const name = nameOf(value);
      if (value.exemplar.timestamp >= (newest.get(name)?.timestamp ?? 0)) newest.set(name, value.exemplar);
    }
  }
  if (newest.size === 0) return sums;
  return sums.map((metric) => ({
    ...metric,
    values: metric.values.map((value) => ({ ...value, exemplar: newest.get(nameOf(value)) })),
  }));
}

function nameOf({ metricName = "", labels }: ToldValue): string {
  return JSON.stringify([metricName, ...Object.entries(labels).sort()]);
}

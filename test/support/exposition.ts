/**
 * The value of a metric in Prometheus' text format, summed over all series that have these labels; 0 if there is none.
 * @param name without the prefix "llmhub_".
 */
export function metricIn(exposition: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return exposition
    .split("\n")
    .filter((line) => line.startsWith(`llmhub_${name}{`) || line.startsWith(`llmhub_${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}

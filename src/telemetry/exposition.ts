import { Registry } from "prom-client";
import type { Exemplar } from "./exemplar.ts";

/** A number of a metric, as prom-client tells it as JSON. */
export interface ToldValue {
  readonly value: number;
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  /** Absent: that of the metric. */
  readonly metricName?: string;
  /** Null in histograms of prom-client's own. */
  readonly exemplar?: Exemplar | null | undefined;
}

/** A metric, as prom-client tells it as JSON. */
export interface ToldMetric {
  readonly name: string;
  readonly help: string;
  /** "counter", "gauge", "histogram", "summary". */
  readonly type: unknown;
  readonly values: readonly ToldValue[];
}

/** The metrics of a registry in the form that a scraper wants: with exemplars in OpenMetrics, else as Prometheus has always had them. */
export async function expositionOf(
  registry: Registry,
  accept: string,
): Promise<{ readonly contentType: string; readonly body: string }> {
  if (!wantsOpenMetrics(accept)) return { contentType: registry.contentType, body: await registry.metrics() };
  return { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: openMetricsText(await registry.getMetricsAsJSON()) };
}

/** Whether OpenMetrics is among the forms that an Accept header names. Who knows it prefers it: it is the one with exemplars. */
export function wantsOpenMetrics(accept: string): boolean {
  return accept.split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === "application/openmetrics-text" && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** OpenMetrics 1.0. Its counters are named without the ending that their numbers have; prom-client loses it at that. */
export function openMetricsText(metrics: readonly ToldMetric[]): string {
  return `${metrics.map(familyText).join("")}# EOF\n`;
}

function familyText({ name, help, type, values }: ToldMetric): string {
  const isCounter = type === "counter";
  const family = isCounter ? name.replace(/_total$/, "") : name;
  const head = `# HELP ${family} ${escaped(help)}\n# TYPE ${family} ${type}\n`;
  const lines = values.map(({ metricName, labels, value, exemplar }) => {
    const own = isCounter ? `${family}_total` : (metricName ?? name);
    const told = exemplar ? exemplarText(exemplar) : "";
    return `${own}${labelText(labels)} ${numberText(value)}${told}\n`;
  });
  return head + lines.join("");
}

function exemplarText({ labelSet, value, timestamp }: Exemplar): string {
  return ` # ${labelText(labelSet) || "{}"} ${numberText(value)} ${timestamp}`;
}

function labelText(labels: ToldValue["labels"]): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return String(value);
  return value < 0 ? "-Inf" : "+Inf";
}

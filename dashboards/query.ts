/** What a panel asks Prometheus, and what its series are called: "{{provider}}". */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** Histograms lead to traces where they have exemplars. */
  readonly exemplars?: boolean;
}

/** The replicas that are chosen at the top of the page. */
const here = 'job=~"$job",instance=~"$instance"';
/** The providers that are chosen there; series without one belong to all. */
export const chosen = 'provider=~"$provider"';
/** The models. */
export const chosenModel = 'gen_ai_request_model=~"$model"';

/** A query with the name of its series. */
export function q(expr: string, legend: string): Query {
  return { expr, legend };
}

/** Series of a metric as they are now. @param more further matchers: 'cause="memory"'. */
export function now(metric: string, more = ""): string {
  return `${metric}{${[here, more].filter(Boolean).join(",")}}`;
}

/** How much a counter grows in a second. */
export function rate(metric: string, more = ""): string {
  return `rate(${now(metric, more)}[$__rate_interval])`;
}

/** By how much it grew in the time that the page shows. */
export function growth(metric: string, more = ""): string {
  return `increase(${now(metric, more)}[$__range])`;
}

/** The sum for each value of these labels: "provider, outcome"; empty: of all. */
export function sum(labels: string, expr: string): string {
  return labels === "" ? `sum(${expr})` : `sum by (${labels}) (${expr})`;
}

/** The highest for each value of these labels. */
export function max(labels: string, expr: string): string {
  return labels === "" ? `max(${expr})` : `max by (${labels}) (${expr})`;
}

/** A quantile of a histogram, such as 0.95, for each value of these labels. */
export function quantile(share: number, histogram: string, labels = "", more = ""): string {
  return `histogram_quantile(${share}, ${sum(labels === "" ? "le" : `${labels}, le`, rate(`${histogram}_bucket`, more))})`;
}

/** The median and the slowest twentieth and hundredth of a histogram. */
export function quantiles(histogram: string, more = ""): Query[] {
  return [0.5, 0.95, 0.99].map((share) => {
    return { expr: quantile(share, histogram, "", more), legend: `p${share * 100}`, exemplars: true };
  });
}

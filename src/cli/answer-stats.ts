import type { StreamFinished } from "../../gen/llmhub/v1/completion_pb.ts";
import { type Money, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";

/** One line on what an answer took. `firstOutputMs` is what the caller waited; undefined when nothing came. */
export function answerStats({ routing, usage, cost }: StreamFinished, firstOutputMs: number | undefined): string {
  const estimated = usage?.source === UsageSource.ESTIMATED ? " (estimated)" : "";
  return [
    routing?.model || "model unknown",
    usage === undefined ? "tokens unknown" : `${usage.inputTokens} in, ${usage.outputTokens} out tokens${estimated}`,
    cost?.total === undefined ? "cost unknown" : moneyText(cost.total),
    firstOutputMs === undefined ? "no output" : `first output ${Math.round(firstOutputMs)} ms`,
  ].join(" · ");
}

/** An amount exactly, without trailing zeros: "0.0000125 USD". */
export function moneyText({ amountNanos, currencyCode }: Pick<Money, "amountNanos" | "currencyCode">): string {
  const digits = String(amountNanos < 0n ? -amountNanos : amountNanos).padStart(10, "0");
  const decimals = digits.slice(-9).replace(/0+$/, "");
  return `${amountNanos < 0n ? "-" : ""}${digits.slice(0, -9)}${decimals && "."}${decimals} ${currencyCode}`;
}

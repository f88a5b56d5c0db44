import { create } from "@bufbuild/protobuf";
import { type Cost, CostSchema, type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";

/** The usage of several requests as that of one call: estimated if one of them is. */
export function addUsages(usages: readonly Usage[]): Usage {
  const sum = create(UsageSchema, { source: UsageSource.PROVIDER });
  for (const { inputTokens, outputTokens, searchUnits, source } of usages) {
    sum.inputTokens += inputTokens;
    sum.outputTokens += outputTokens;
    if (searchUnits !== undefined) sum.searchUnits = (sum.searchUnits ?? 0) + searchUnits;
    if (source === UsageSource.ESTIMATED) sum.source = UsageSource.ESTIMATED;
  }
  return sum;
}

/** The costs of several requests as that of one call; undefined as soon as one of them is not known. */
export function addCosts(costs: readonly (Cost | undefined)[]): Cost | undefined {
  const [first] = costs;
  if (first?.total === undefined) return undefined;
  let amountNanos = 0n;
  for (const cost of costs) {
    if (cost?.total === undefined) return undefined;
    amountNanos += cost.total.amountNanos;
  }
  const { priceList } = first;
  return create(CostSchema, {
    total: { currencyCode: first.total.currencyCode, amountNanos },
    lines: costs.flatMap((cost) => cost?.lines ?? []),
    priceList,
    estimated: costs.some((cost) => cost?.estimated),
  });
}

import { create } from "@bufbuild/protobuf";
import type { Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import { type Cost, CostSchema, type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";

/** Largest int32, the type of every count in Usage. */
const tokensMax = 2 ** 31 - 1;

/** Counts that only some providers tell. */
const tolds = [
  "cacheReadTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "reasoningTokens",
  "searchUnits",
] as const satisfies readonly (keyof Usage)[];

/** The usage of several requests as one: estimated if one of them is, without details where there are several. */
export function addUsages(usages: readonly Usage[]): Usage {
  const [only] = usages;
  if (only !== undefined && usages.length === 1) return only;
  const sum = create(UsageSchema, { source: UsageSource.PROVIDER });
  for (const usage of usages) {
    sum.inputTokens = Math.min(tokensMax, sum.inputTokens + usage.inputTokens);
    sum.outputTokens = Math.min(tokensMax, sum.outputTokens + usage.outputTokens);
    for (const told of tolds) {
      const count = usage[told];
      if (count !== undefined) sum[told] = Math.min(tokensMax, (sum[told] ?? 0) + count);
    }
    if (usage.source === UsageSource.ESTIMATED) sum.source = UsageSource.ESTIMATED;
  }
  return sum;
}

type Charges = { readonly usage?: Usage; readonly cost?: Cost };

/** What attempts used together; no cost as soon as that of one is not known, and nothing at all if none was charged. */
export function chargesOf(attempts: readonly Pick<AttemptRecord, "usage" | "cost">[]): Charges {
  const usages = attempts.flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return {};
  const usage = addUsages(usages);
  const cost = addCosts(attempts.filter((each) => each.usage !== undefined).map((each) => each.cost));
  return cost === undefined ? { usage } : { usage, cost };
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

import { create } from "@bufbuild/protobuf";
import {
  type Cost,
  type CostLine,
  type Money,
  type Usage,
  UsageSchema,
  UsageSource,
} from "../../gen/llmhub/v1/usage_pb.ts";
import type { Price, PriceList } from "./target.ts";

const million = 1_000_000n;

/** The prices that hold from some number of input tokens on; undefined where unknown. */
interface Tier {
  readonly fromInputTokens: number;
  readonly input: Price | undefined;
  readonly output: Price | undefined;
  readonly cacheRead: Price | undefined;
  readonly cacheWrite: Price | undefined;
}

/** Tiers by price list, highest first. Lists never change. */
const prepared = new WeakMap<PriceList, readonly Tier[]>();

/**
 * What the tokens cost, exactly: every line, and once the sum, is rounded half to even to a billionth of a dollar. Cached
 * tokens without a price of their own count as input. The tier is chosen by all input tokens. Undefined when a price that
 * is needed is not known. The usage must be one that clampUsage lets through.
 */
export function costOf(usage: Usage, list: PriceList | undefined): Cost | undefined {
  if (list === undefined) return undefined;
  const tier = tiersOf(list).find(({ fromInputTokens }) => usage.inputTokens >= fromInputTokens);
  if (tier === undefined) return undefined;
  const cacheRead = tier.cacheRead === undefined ? 0 : (usage.cacheReadTokens ?? 0);
  const cacheWrite = tier.cacheWrite === undefined ? 0 : (usage.cacheWriteTokens ?? 0);
  const bill = new Bill();
  bill.add(usage.inputTokens - cacheRead - cacheWrite, tier.input);
  bill.add(cacheRead, tier.cacheRead);
  bill.add(cacheWrite, tier.cacheWrite);
  bill.add(usage.outputTokens, tier.output);
  return bill.complete ? bill.cost(list.name, usage.source === UsageSource.ESTIMATED) : undefined;
}

/** What a call would cost without any cache. */
export function estimateCost(inputTokens: number, outputTokens: number, list: PriceList | undefined): Cost | undefined {
  return costOf(create(UsageSchema, { inputTokens, outputTokens, source: UsageSource.ESTIMATED }), list);
}

class Bill {
  /** Every quantity had a price. */
  complete = true;
  readonly #lines: CostLine[] = [];
  /** Nanos times a million. */
  #sum = 0n;

  add(quantity: number, price: Price | undefined): void {
    if (quantity <= 0) return;
    if (price === undefined) {
      this.complete = false;
      return;
    }
    const units = BigInt(quantity);
    const exact = units * price.nanosPerMillion;
    this.#sum += exact;
    this.#lines.push({
      $typeName: "llmhub.v1.CostLine",
      meter: price.meter,
      quantity: units,
      pricePerMillion: dollars(price.nanosPerMillion),
      amount: dollars(roundHalfEven(exact)),
    });
  }

  cost(priceList: string, estimated: boolean): Cost {
    const total = dollars(roundHalfEven(this.#sum));
    return { $typeName: "llmhub.v1.Cost", total, lines: this.#lines, priceList, estimated };
  }
}

function dollars(amountNanos: bigint): Money {
  return { $typeName: "llmhub.v1.Money", currencyCode: "USD", amountNanos };
}

/** A non-negative number of millionths as whole units. */
function roundHalfEven(millionths: bigint): bigint {
  const whole = millionths / million;
  const twice = (millionths - whole * million) * 2n;
  if (twice < million || (twice === million && whole % 2n === 0n)) return whole;
  return whole + 1n;
}

function tiersOf(list: PriceList): readonly Tier[] {
  let tiers = prepared.get(list);
  if (tiers === undefined) {
    tiers = prepare(list.prices);
    prepared.set(list, tiers);
  }
  return tiers;
}

/** A meter without a price in a tier keeps the price of the tier below. */
function prepare(prices: readonly Price[]): readonly Tier[] {
  const ascending = prices.toSorted((a, b) => a.fromInputTokens - b.fromInputTokens);
  const starts = [...new Set(ascending.map(({ fromInputTokens }) => fromInputTokens))].reverse();
  return starts.map((fromInputTokens) => {
    const find = (meter: string) =>
      ascending.findLast((price) => price.meter === meter && price.fromInputTokens <= fromInputTokens);
    return {
      fromInputTokens,
      input: find("input"),
      output: find("output"),
      cacheRead: find("cache_read"),
      cacheWrite: find("cache_write"),
    };
  });
}

import { create } from "@bufbuild/protobuf";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
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

/** Begins the meter of a tool that the provider runs: "tool:web_search". */
const toolPrefix = "tool:";

/** The prices that hold from some number of input tokens on; undefined where unknown. */
interface Tier {
  readonly fromInputTokens: number;
  readonly input: Price | undefined;
  readonly output: Price | undefined;
  readonly inputAudio: Price | undefined;
  readonly outputAudio: Price | undefined;
  readonly cacheRead: Price | undefined;
  readonly cacheWrite: Price | undefined;
  readonly cacheWrite1h: Price | undefined;
  readonly searchUnit: Price | undefined;
  /** By tool, as in Usage.tool_uses. */
  readonly tools: ReadonlyMap<string, Price>;
}

/** Tiers by price list, highest first. Lists never change. */
const prepared = new WeakMap<PriceList, readonly Tier[]>();

/**
 * What a call cost, exactly: every line, and once the sum, is rounded half to even to a billionth of a dollar. Cached
 * tokens without a price of their own count as input, but for those written for an hour, which cost more than input; sound
 * without a price of its own counts as text. The tier is chosen by all input tokens. Undefined when a price that is needed
 * is not known, which goes for every service tier but the standard one, or a count: of searches where they are charged, or
 * of sound in the cache. The usage must be one that clampUsage lets through.
 */
export function costOf(usage: Usage, list: PriceList | undefined): Cost | undefined {
  if (list === undefined || usage.serviceTier !== "") return undefined;
  const tier = tiersOf(list).find(({ fromInputTokens }) => usage.inputTokens >= fromInputTokens);
  if (tier === undefined) return undefined;
  if (tier.searchUnit !== undefined && usage.searchUnits === undefined) return undefined;
  const audio = usage.byModality.find(({ modality }) => modality === Modality.AUDIO);
  const inputAudio = tier.inputAudio === undefined ? 0 : (audio?.inputTokens ?? 0);
  const outputAudio = tier.outputAudio === undefined ? 0 : (audio?.outputTokens ?? 0);
  const cached = (usage.cacheReadTokens ?? 0) + (usage.cacheWriteTokens ?? 0);
  if (inputAudio > 0 && cached > 0) return undefined;
  const cacheRead = tier.cacheRead === undefined ? 0 : (usage.cacheReadTokens ?? 0);
  const cacheWrite1h = usage.cacheWrite1hTokens ?? 0;
  const cacheWrite = tier.cacheWrite === undefined ? 0 : (usage.cacheWriteTokens ?? 0) - cacheWrite1h;
  const bill = new Bill();
  bill.add(usage.inputTokens - inputAudio - cacheRead - cacheWrite - cacheWrite1h, tier.input);
  bill.add(inputAudio, tier.inputAudio);
  bill.add(cacheRead, tier.cacheRead);
  bill.add(cacheWrite, tier.cacheWrite);
  bill.add(cacheWrite1h, tier.cacheWrite1h);
  bill.add(usage.outputTokens - outputAudio, tier.output);
  bill.add(outputAudio, tier.outputAudio);
  bill.add(usage.searchUnits ?? 0, tier.searchUnit);
  for (const [tool, uses] of Object.entries(usage.toolUses)) bill.add(uses, tier.tools.get(tool));
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
      inputAudio: find("input_audio"),
      outputAudio: find("output_audio"),
      cacheRead: find("cache_read"),
      cacheWrite: find("cache_write"),
      cacheWrite1h: find("cache_write_1h"),
      searchUnit: find("search_unit"),
      tools: new Map(
        ascending
          .filter((price) => price.meter.startsWith(toolPrefix) && price.fromInputTokens <= fromInputTokens)
          .map((price) => [price.meter.slice(toolPrefix.length), price]),
      ),
    };
  });
}

import type { Registry } from "prom-client";
import type { Provider } from "../model/target.ts";
import type { BoundedWords } from "./bounded-words.ts";
import { durationBuckets, firstOutputBuckets } from "./call-buckets.ts";
import { type Cell, Family } from "./family.ts";
import { GenAiMetrics, type GenAiSeries } from "./gen-ai-metrics.ts";
import { type HistogramCell, HistogramFamily } from "./histogram-family.ts";

const target = ["method", "provider", "model"];

/** The numbers of one method at one model, looked up once per call. */
export interface Series {
  readonly duration: HistogramCell;
  readonly firstOutput: HistogramCell;
  /** Tokens; input includes what was read from and written to the cache, output includes reasoning. */
  readonly input: Cell;
  readonly output: Cell;
  readonly cacheRead: Cell;
  readonly cacheWrite: Cell;
  readonly reasoning: Cell;
  readonly costDollars: Cell;
  readonly usageEstimated: Cell;
  /** The same call in the words of OpenTelemetry's conventions. */
  readonly genAi: GenAiSeries;
  /** Calls that ended with this gRPC status. */
  calls(code: string): Cell;
}

/** What calls are measured by: each method at each model. */
export class CallSeries {
  readonly #models: BoundedWords;
  readonly #genAi: GenAiMetrics;
  readonly #names = new Map<string, string>();
  /** By model, provider and method. The names are those of labels, and bounded like them. */
  readonly #series = new Map<string, Map<string, Map<string, Series>>>();
  readonly #calls: Family<"method" | "provider" | "model" | "code">;
  readonly #tokens: Family<"provider" | "model" | "kind">;
  readonly #cost: Family<"provider" | "model">;
  readonly #estimated: Family<"provider" | "model">;
  readonly #duration: HistogramFamily;
  readonly #firstOutput: HistogramFamily;

  constructor(registry: Registry, models: BoundedWords) {
    this.#models = models;
    this.#genAi = new GenAiMetrics(registry);
    const counter = <Label extends string>(name: string, help: string, labels: readonly Label[]) =>
      new Family(registry, "counter", { name: `llmhub_${name}`, help, labels });
    const histogram = (name: string, help: string, buckets: readonly number[]) =>
      new HistogramFamily(registry, { name: `llmhub_${name}`, help, labels: target, buckets });
    this.#calls = counter("calls_total", "Calls by final gRPC status.", ["method", "provider", "model", "code"]);
    this.#tokens = counter(
      "tokens_total",
      "Tokens by kind (gen_ai.token.type): input includes cache_read and cache_write, output includes reasoning.",
      ["provider", "model", "kind"],
    );
    this.#cost = counter("cost_dollars_total", "Cost of calls whose price is known.", ["provider", "model"]);
    this.#estimated = counter("usage_estimated_total", "Calls whose tokens the gateway had to count itself.", [
      "provider",
      "model",
    ]);
    this.#duration = histogram("call_duration_seconds", "From arrival to end of a call.", durationBuckets);
    this.#firstOutput = histogram(
      "time_to_first_output_seconds",
      "From arrival to first output of a call.",
      firstOutputBuckets,
    );
  }

  /** See Metrics. */
  nameProviders(providers: Iterable<Pick<Provider, "id" | "genAiName">>): void {
    for (const { id, genAiName } of providers) if (genAiName !== undefined) this.#names.set(id, genAiName);
  }

  /** See Metrics. */
  of(method: string, provider: string, model: string): Series {
    const label = this.#models.of(model);
    return this.#series.get(label)?.get(provider)?.get(method) ?? this.#make(method, provider, label);
  }

  #make(method: string, provider: string, model: string): Series {
    const codes = new Map<string, Cell>();
    const tokens = (kind: string) => this.#tokens.cell(provider, model, kind);
    const series: Series = {
      duration: this.#duration.cell(method, provider, model),
      firstOutput: this.#firstOutput.cell(method, provider, model),
      input: tokens("input"),
      output: tokens("output"),
      cacheRead: tokens("cache_read"),
      cacheWrite: tokens("cache_write"),
      reasoning: tokens("reasoning"),
      costDollars: this.#cost.cell(provider, model),
      usageEstimated: this.#estimated.cell(provider, model),
      genAi: this.#genAi.series(method, this.#names.get(provider) ?? provider, model),
      calls: (code) => {
        const cell = codes.get(code) ?? this.#calls.cell(method, provider, model, code);
        codes.set(code, cell);
        return cell;
      },
    };
    const ofModel = this.#series.get(model) ?? new Map<string, Map<string, Series>>();
    const ofProvider = ofModel.get(provider) ?? new Map<string, Series>();
    this.#series.set(model, ofModel.set(provider, ofProvider.set(method, series)));
    return series;
  }
}

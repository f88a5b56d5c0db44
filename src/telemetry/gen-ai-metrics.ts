import type { Registry } from "prom-client";
import { BoundedWords } from "./bounded-words.ts";
import { durationBuckets, firstOutputBuckets } from "./call-buckets.ts";
import { operationOf } from "./gen-ai.ts";
import { type HistogramCell, HistogramFamily } from "./histogram-family.ts";

/** Distinct names in gen_ai_response_model; later ones are counted as "other". */
const modelsMax = 500;
/** Buckets that the conventions recommend. */
const perTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
/** Powers of four up to 67 million, as the conventions recommend. */
const tokenBuckets = Array.from({ length: 14 }, (_, i) => 4 ** i);

const model = ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model"];

interface Families {
  readonly operationDuration: HistogramFamily;
  readonly tokenUsage: HistogramFamily;
  readonly requestDuration: HistogramFamily;
  readonly firstToken: HistogramFamily;
  readonly perToken: HistogramFamily;
  readonly responseModels: BoundedWords;
}

/**
 * The histograms of OpenTelemetry's conventions for generative AI, as Prometheus writes their names. The gateway is a server
 * to who calls it, and a client of providers: what is of servers spans a call with all its attempts, what is of clients one
 * attempt.
 */
export class GenAiMetrics {
  readonly #families: Families;

  constructor(registry: Registry) {
    const histogram = (name: string, help: string, buckets: readonly number[], more: readonly string[]) =>
      new HistogramFamily(registry, { name: `gen_ai_${name}`, help, labels: [...model, ...more], buckets });
    this.#families = {
      operationDuration: histogram(
        "client_operation_duration_seconds",
        "One attempt at a provider, from sending to end.",
        durationBuckets,
        ["error_type"],
      ),
      tokenUsage: histogram("client_token_usage", "Tokens of one attempt that used any.", tokenBuckets, [
        "gen_ai_token_type",
      ]),
      requestDuration: histogram("server_request_duration_seconds", "From arrival to end of a call.", durationBuckets, [
        "error_type",
      ]),
      firstToken: histogram(
        "server_time_to_first_token_seconds",
        "From arrival to first output of a stream that a provider answered and that succeeded.",
        firstOutputBuckets,
        [],
      ),
      perToken: histogram(
        "server_time_per_output_token_seconds",
        "Time per token after the first output of a stream that a provider answered and that succeeded.",
        perTokenBuckets,
        [],
      ),
      responseModels: new BoundedWords(modelsMax),
    };
  }

  /** @param provider by its name in the conventions. @param requestModel a name that is bounded already. */
  series(method: string, provider: string, requestModel: string): GenAiSeries {
    return new GenAiSeries(this.#families, [operationOf(method), provider, requestModel]);
  }
}

/** The numbers of one operation at one model. */
export class GenAiSeries {
  readonly #families: Families;
  readonly #labels: readonly string[];
  readonly #cells = new Map<string, GenAiCells>();

  constructor(families: Families, labels: readonly string[]) {
    this.#families = families;
    this.#labels = labels;
  }

  /** @param responseModel what the provider calls the model; empty where it has not answered. */
  of(responseModel: string): GenAiCells {
    const label = this.#families.responseModels.of(responseModel);
    const known = this.#cells.get(label);
    if (known !== undefined) return known;
    const cells = new GenAiCells(this.#families, [...this.#labels, label]);
    this.#cells.set(label, cells);
    return cells;
  }
}

/** Histograms of which each is there once something was counted: an empty one is many lines, too. */
export class GenAiCells {
  readonly #families: Families;
  readonly #labels: readonly string[];
  readonly #requests = new Map<string, HistogramCell>();
  readonly #operations = new Map<string, HistogramCell>();
  #firstToken: HistogramCell | undefined;
  #perToken: HistogramCell | undefined;
  #inputTokens: HistogramCell | undefined;
  #outputTokens: HistogramCell | undefined;

  constructor(families: Families, labels: readonly string[]) {
    this.#families = families;
    this.#labels = labels;
  }

  get firstToken(): HistogramCell {
    this.#firstToken ??= this.#families.firstToken.cell(...this.#labels);
    return this.#firstToken;
  }

  get perToken(): HistogramCell {
    this.#perToken ??= this.#families.perToken.cell(...this.#labels);
    return this.#perToken;
  }

  get inputTokens(): HistogramCell {
    this.#inputTokens ??= this.#families.tokenUsage.cell(...this.#labels, "input");
    return this.#inputTokens;
  }

  get outputTokens(): HistogramCell {
    this.#outputTokens ??= this.#families.tokenUsage.cell(...this.#labels, "output");
    return this.#outputTokens;
  }

  /** @param errorType the reason, or empty for a success. */
  request(errorType: string): HistogramCell {
    return this.#of(this.#requests, this.#families.requestDuration, errorType);
  }

  /** @param errorType the reason, or empty for a success. */
  operation(errorType: string): HistogramCell {
    return this.#of(this.#operations, this.#families.operationDuration, errorType);
  }

  #of(cells: Map<string, HistogramCell>, family: HistogramFamily, errorType: string): HistogramCell {
    const cell = cells.get(errorType) ?? family.cell(...this.#labels, errorType);
    cells.set(errorType, cell);
    return cell;
  }
}

import type { Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankRequest } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt, Timeouts } from "./call.ts";
import type { Dispatch } from "./dispatch.ts";
import type { Result } from "./reply.ts";
import type { Scores } from "./scores.ts";
import type { Vectors } from "./vectors.ts";

/** Price of one meter. */
export interface Price {
  /** CostLine.meter: "input", "output", "input_audio", "output_audio", "cache_read", "cache_write", "cache_write_1h", "search_unit", "tool:web_search". */
  readonly meter: string;
  /** Billionths of a dollar for one million units. */
  readonly nanosPerMillion: bigint;
  /** Holds from this many input tokens on; 0 for the base price. */
  readonly fromInputTokens: number;
}

/** Prices of one model, in US dollars. */
export interface PriceList {
  /** Where the prices come from and since when they hold. */
  readonly name: string;
  readonly prices: readonly Price[];
}

/** The operation that a model is made for. */
export type ModelKind = "completion" | "embedding" | "rerank";

/** What is known of a model. Unknown numbers are 0. */
export interface ModelFacts {
  readonly type: ModelKind | undefined;
  /** For embedding and rerank: of one text, not of a call. */
  readonly contextWindow: number;
  readonly maxOutputTokens: number;
  /** Length of the vectors of an embedding model, unless the caller asks for others. */
  readonly dimensions: number;
  /** When the provider takes it away, in milliseconds since 1970. */
  readonly retireTimeMs: number;
  readonly inputModalities: readonly Modality[];
  readonly outputModalities: readonly Modality[];
  /** "tools", "parallel_tools", "json_schema", "reasoning", "prompt_cache", "citations", "logprobs", "streaming", "adaptive_reasoning", "always_reasoning", "fixed_sampling", "responses_only", "effort_none", "effort_minimal", "effort_xhigh", "effort_max". */
  readonly features: ReadonlySet<string>;
  /** Undefined: unknown, which is not zero. */
  readonly priceList: PriceList | undefined;
  /** Words of the operator's own. Absent: none. */
  readonly tags?: ReadonlySet<string>;
}

/** Names of models that lead to a provider when a call names none. */
export interface ModelPattern {
  /** How the names begin; the longest beginning wins. */
  readonly prefix: string;
  /** The prefix is no part of the provider's own name: "ollama-". */
  readonly strips: boolean;
  /** Patterns of other providers that are as long go before it, wherever they are configured. */
  readonly yields?: true;
}

/** A configured provider: facts and one optional member per operation. An absent operation is UNIMPLEMENTED. */
export interface Provider {
  /** Name in model selectors: "openai". */
  readonly id: string;
  readonly displayName: string;
  /** Name in OpenTelemetry's conventions for generative AI: "aws.bedrock". Absent: the id. */
  readonly genAiName?: string;
  /**
   * Tells providers of one name with other addresses or credentials apart, and nothing of either; replicas have the same
   * for the same. Absent: there are no others.
   */
  readonly account?: string;
  /** Name of the one of its credentials that calls go with here. Absent: it has no names for them. */
  readonly credential?: string;
  /** Models known by name. A provider also takes names that are not here. */
  readonly models: ReadonlyMap<string, ModelFacts>;
  /** Model of a caller who names none, if the provider suggests one. */
  readonly defaultModel: string | undefined;
  readonly patterns?: readonly ModelPattern[];
  /** Words of the operator's own, which all its models have. Absent: none. */
  readonly tags?: readonly string[];
  /** It is told where calls stand in their trace, unless a policy says otherwise. Absent: it is not. */
  readonly tellsTrace?: boolean;
  /** Where a model answers, by the provider's name for the place; undefined where that is not known. */
  readonly regionOf?: (model: string) => string | undefined;
  readonly generate?: Dispatch<Attempt>;
  readonly embed?: Dispatch<Attempt<EmbedRequest>, Result<Vectors>>;
  readonly rerank?: Dispatch<Attempt<RerankRequest>, Result<Scores>>;
  /** Bounds on an attempt here, unless the caller wants tighter ones. */
  readonly timeouts: Timeouts;
  /** What sending the attempt would lose. Throws what `generate` would reject with before it sends anything. */
  readonly preview?: (attempt: Attempt) => readonly Warning[];
  /** Counts with the provider's own endpoint; estimated and marked so where it has none. */
  readonly countTokens?: (attempt: Attempt) => Promise<Usage>;
  /** Names of the models that the provider offers now, as it lists them itself. Absent too where nobody wants to know. */
  readonly listModels?: (signal: AbortSignal) => Promise<readonly string[]>;
  /** One cheap authenticated request; rejects with the GatewayError that a call would meet. */
  readonly check?: (signal: AbortSignal) => Promise<void>;
}

/** One model at one provider that the router may choose. */
export interface Target {
  readonly provider: Provider;
  /** Name sent to the provider. */
  readonly model: string;
  /** "openai/gpt-4o". */
  readonly selector: string;
  readonly facts: ModelFacts;
  /** Where it answers. Absent: not known. */
  readonly region?: string;
}

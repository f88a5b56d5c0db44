import { create } from "@bufbuild/protobuf";
import { type Cost, type Usage, UsageSchema, UsageSource } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import { clampUsage } from "../model/clamp-usage.ts";
import { costOf } from "../model/cost.ts";
import { estimateInput, tokensOfBytes } from "../model/estimate.ts";
import type { Piece, Served } from "../model/reply.ts";
import { servedFacts } from "../model/served-facts.ts";
import type { ModelFacts } from "../model/target.ts";

const unserved = { upstreamModel: "" };

/** Counts what an attempt used: the provider's word where it gives one, else an estimate that is marked as such. */
export class Tally {
  readonly #attempt: Attempt<Asked>;
  readonly #served: Pick<Served, "upstreamModel">;
  #reported: Usage | undefined;
  /** Characters of output seen, as a stand-in for bytes while nothing else is known. */
  #outputChars = 0;

  /** @param served tells the name of the model that answers, once that is known. */
  constructor(attempt: Attempt<Asked>, served: Pick<Served, "upstreamModel"> = unserved) {
    this.#attempt = attempt;
    this.#served = served;
  }

  /** Characters of output so far. */
  get outputChars(): number {
    return this.#outputChars;
  }

  /** Output so far: the provider's word, or the estimate where that is more. */
  get outputTokens(): number {
    return Math.max(this.#reported?.outputTokens ?? 0, tokensOfBytes(this.#outputChars));
  }

  /** Counts one piece. Hot path. */
  add(chunk: Piece<unknown>): void {
    switch (chunk.case) {
      case "partDelta": {
        const { value } = chunk.value.delta;
        if (typeof value === "string") this.#outputChars += value.length;
        break;
      }
      case "partStarted":
        this.#outputChars += lengthOf(chunk.value.part?.part.value);
        break;
      case "usage":
        if (chunk.value.usage !== undefined) {
          chunk.value.usage = this.#take(chunk.value.usage);
          chunk.value.cost = this.cost(chunk.value.usage);
        }
        break;
      case "finished": {
        const { usage = this.#reported } = chunk.value;
        chunk.value.usage = usage === undefined ? this.estimate() : this.#take(usage);
        chunk.value.cost = this.cost(chunk.value.usage);
        break;
      }
      default:
    }
  }

  /** Usage of an attempt that broke: what the provider said so far, and an estimate for the rest. */
  estimate(): Usage {
    const seen = this.#reported;
    const { outputTokens } = this;
    const inputTokens = seen?.inputTokens ?? estimateInput(this.#attempt.call.request);
    const usage = seen === undefined ? create(UsageSchema) : { ...seen };
    usage.inputTokens = inputTokens;
    usage.outputTokens = outputTokens;
    usage.source = UsageSource.ESTIMATED;
    return usage;
  }

  /** What the usage costs at the target, by the prices of the model that answered. */
  cost(usage: Usage): Cost | undefined {
    return costOf(usage, this.#facts().priceList);
  }

  #facts(): ModelFacts {
    return servedFacts(this.#attempt.target, this.#served.upstreamModel);
  }

  #take(usage: Usage): Usage {
    const { request } = this.#attempt.call;
    const window = isOnePass(request) ? this.#facts().contextWindow : 0;
    const { usage: clamped } = clampUsage(usage, window);
    // A count that cannot be true is no count: the gateway's own stands in for it (negative, NaN, beyond the window, none).
    const { inputTokens, outputTokens } = clamped;
    const isCounted = inputTokens > 0 || clamped.searchUnits !== undefined;
    const isCredible = inputTokens === usage.inputTokens && outputTokens === usage.outputTokens && isCounted;
    if (!isCredible) return this.estimate();
    this.#reported = clamped;
    return outputTokens === 0 && this.#outputChars > 0 ? this.estimate() : clamped;
  }
}

/**
 * Whether the count of a call is that of one conversation, which the window bounds. It is a sum for many texts, and for what a
 * model reads again after each use of a tool that the provider runs, which options can ask for, too.
 */
function isOnePass(request: Asked): boolean {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return false;
  for (const { kind } of request.tools) if (kind.case === "providerTool") return false;
  for (const _provider in request.providerOptions) return false;
  return true;
}

/** Characters of a part that comes whole. */
function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  if ("argumentsJson" in value && typeof value.argumentsJson === "string") return value.argumentsJson.length;
  if ("text" in value && typeof value.text === "string") return value.text.length;
  return 0;
}

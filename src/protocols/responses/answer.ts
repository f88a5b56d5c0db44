import type { JsonObject } from "@bufbuild/protobuf";
import { CompletionView, FinishReason, type StreamFinished } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Usage } from "../../../gen/llmhub/v1/usage_pb.ts";
import type { Attempt } from "../../model/call.ts";
import type { Chunk } from "../../model/chunk.ts";
import { badResponse } from "../bad-response.ts";
import { objectOf, textOf } from "../field.ts";
import { pricedTier } from "../service-tier.ts";
import { faultInResponse } from "./fault.ts";
import { finishReasonOf } from "./incomplete-reason.ts";
import { objectsIn } from "./open-item.ts";
import { Output } from "./output.ts";
import { usageOf } from "./usage.ts";

/** Folds what a server says, whole or in events, into chunks. */
export class Answer {
  readonly output: Output;
  readonly #attempt: Attempt;
  #model = "";
  #metadata: JsonObject = {};
  #usage: Usage | undefined;
  /** Status of the answer, or why it is incomplete. */
  #ending = "";

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
    this.output = new Output(attempt);
  }

  get model(): string {
    return this.#model;
  }

  /** Takes what an object of the response says of itself. */
  describe({ model, id, service_tier }: JsonObject): void {
    if (textOf(model) !== "") this.#model = textOf(model);
    if (textOf(id) !== "") this.#metadata["id"] = textOf(id);
    if (textOf(service_tier) !== "") this.#metadata["service_tier"] = textOf(service_tier);
  }

  /**
   * Takes the whole response, of which events may have told a part before. Throws the GatewayError of one that failed, and
   * PROVIDER_BAD_RESPONSE for one that is not at its end. `told` is its status where it does not say.
   */
  complete(response: JsonObject, told: string, out: Chunk[]): void {
    this.describe(response);
    this.#usage = usageOf(response["usage"], this.#attempt.call.request.view === CompletionView.FULL);
    const status = textOf(response["status"]) || told;
    const { error } = response;
    if (status === "failed" || (error !== undefined && error !== null)) {
      if (this.#usage !== undefined) {
        out.push({ case: "usage", value: { $typeName: "llmhub.v1.UsageUpdate", usage: this.#usage } });
      }
      throw faultInResponse(this.#attempt, error);
    }
    if (status !== "completed" && status !== "incomplete") {
      throw badResponse("not_complete", "sent an answer that does not say that it is complete");
    }
    for (const [index, item] of objectsIn(response["output"]).entries()) this.output.end(index, item, out);
    this.#ending = textOf(objectOf(response["incomplete_details"])?.["reason"]) || status;
  }

  /** Ends every part and the answer. */
  finish(out: Chunk[]): void {
    this.output.finish(out);
    const value: StreamFinished = {
      $typeName: "llmhub.v1.StreamFinished",
      finishReason: this.#finishReason(),
      nativeFinishReason: this.#ending,
      stopSequence: "",
      usage: this.#served(),
      warnings: [],
      providerMetadata: { [this.#attempt.target.provider.id]: this.#metadata },
    };
    out.push({ case: "finished", value });
  }

  #served(): Usage | undefined {
    if (this.#usage === undefined) return undefined;
    this.#usage.toolUses = this.output.uses;
    this.#usage.serviceTier = pricedTier(this.#metadata["service_tier"]);
    return this.#usage;
  }

  #finishReason(): FinishReason {
    if (this.#ending !== "completed") return finishReasonOf(this.#ending);
    if (this.output.isCalling) return FinishReason.TOOL_CALLS;
    return this.output.isRefused ? FinishReason.REFUSAL : FinishReason.STOP;
  }
}

import { create, type JsonObject } from "@bufbuild/protobuf";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { type Warning, WarningSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { GatewayError, type Reason } from "../../model/error.ts";
import { type Echo, readEcho } from "./echo.ts";

/** Provider name that stands for every server of the dialect, in provider_options and on parts. */
const family = "openai";

type LossCode = "SETTING_IGNORED" | "SETTING_CHANGED" | "PART_DROPPED" | "SIGNATURE_DROPPED";

/** What rendering loses or refuses. Losses of one kind are one warning, so a long conversation stays a short list. */
export class LossReport {
  readonly #attempt: Attempt;
  readonly #losses = new Map<string, { warning: Warning; more: number }>();
  readonly #takesEchoes: boolean;

  /** `takesEchoes`: the target wants back what it said beside its answers. */
  constructor(attempt: Attempt, takesEchoes: boolean) {
    this.#attempt = attempt;
    this.#takesEchoes = takesEchoes;
  }

  /** Warnings so far, each with the path of its first occurrence. */
  get warnings(): Warning[] {
    return [...this.#losses.values()].map(({ warning, more }) =>
      more === 0 ? warning : { ...warning, message: `${warning.message} (and ${more} more)` },
    );
  }

  /** Records a loss; `field` is a path in the request. */
  warn(code: LossCode, field: string, message: string): void {
    const key = `${code} ${message}`;
    const loss = this.#losses.get(key);
    if (loss === undefined)
      this.#losses.set(key, { warning: create(WarningSchema, { code, field, message }), more: 0 });
    else loss.more++;
  }

  /** The error for a field that is wrong whatever the target. */
  invalid(field: string, message: string): GatewayError {
    return this.#refuse("INVALID_REQUEST", field, message, { field });
  }

  /** The error for something that matters and that the target cannot do. */
  unsupported(field: string, capability: string, message: string): GatewayError {
    const model = this.#attempt.target.selector;
    return this.#refuse("CAPABILITY_UNSUPPORTED", field, `${message} (${model})`, { model, capability, field });
  }

  /** Whether something that names a provider is meant for this one. */
  isOwn(provider: string): boolean {
    return provider === family || provider === this.#attempt.target.provider.id;
  }

  /** The echo for a part with this text and signature, if the target made it and wants it back. */
  echoOf(text: string, signature: PartSignature | undefined): Echo | undefined {
    const isWanted = this.#takesEchoes && signature?.provider === this.#attempt.target.provider.id;
    return isWanted ? readEcho(text, signature) : undefined;
  }

  /** The provider_options for this provider; its own entry wins over the family's. */
  optionsOf(options: { readonly [provider: string]: JsonObject }): JsonObject {
    return { ...options[family], ...options[this.#attempt.target.provider.id] };
  }

  #refuse(reason: Reason, field: string, message: string, metadata: Record<string, string>): GatewayError {
    const error = new GatewayError(reason, `${field}: ${message}`, { metadata });
    return error.detail(BadRequestSchema, { fieldViolations: [{ field, description: message }] });
  }
}

import { create, type JsonObject } from "@bufbuild/protobuf";
import { BadRequestSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { type CompleteRequest, type Warning, WarningSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { GatewayError } from "../../model/error.ts";
import type { Target } from "../../model/target.ts";
import { family } from "./wire.ts";

/** One request on its way into the dialect: what it is for, and what gets lost on the way. */
export class Rendering {
  readonly request: CompleteRequest;
  readonly target: Target;
  readonly warnings: Warning[] = [];
  /** Values of the anthropic-beta header. */
  readonly betas = new Set<string>();

  constructor({ call, target }: Attempt) {
    this.request = call.request;
    this.target = target;
  }

  /** Whether something marked with this provider name may be sent to the target. */
  isOwn(provider: string): boolean {
    return provider === family || provider === this.target.provider.id;
  }

  /** Options for this target; those under the provider's own id win over those for the dialect. */
  options(all: Readonly<Record<string, JsonObject>>): JsonObject {
    return { ...all[family], ...all[this.target.provider.id] };
  }

  /** The dialect has no place for a setting. */
  ignored(field: string, message: string): void {
    this.#warn("SETTING_IGNORED", field, message);
  }

  /** The nearest that the dialect can say is something else. */
  changed(field: string, message: string): void {
    this.#warn("SETTING_CHANGED", field, message);
  }

  /** A part is not sent. */
  dropped(field: string, message: string): void {
    this.#warn("PART_DROPPED", field, message);
  }

  /** The error for a request that no target could take. */
  invalid(field: string, description: string): GatewayError {
    return new GatewayError("INVALID_REQUEST", `${field}: ${description}`, { metadata: { field } }).detail(
      BadRequestSchema,
      { fieldViolations: [{ field, description }] },
    );
  }

  /** The error for something that matters and that this target cannot take. */
  unsupported(capability: string, field: string, description: string): GatewayError {
    const metadata = { model: this.target.selector, capability, field };
    return new GatewayError("CAPABILITY_UNSUPPORTED", `${field}: ${description}`, { metadata }).detail(
      BadRequestSchema,
      { fieldViolations: [{ field, description }] },
    );
  }

  #warn(code: string, field: string, message: string): void {
    this.warnings.push(create(WarningSchema, { code, field, message }));
  }
}

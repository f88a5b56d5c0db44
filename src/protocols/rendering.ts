import { create, type JsonObject } from "@bufbuild/protobuf";
import { BadRequestSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { type CompleteRequest, type Warning, WarningSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import { GatewayError, type Reason } from "../model/error.ts";
import type { Target } from "../model/target.ts";

/** What a target can lack, in the words of the metadata of CAPABILITY_UNSUPPORTED. */
export type Capability =
  | "tools"
  | "provider_tool"
  | "tool_choice"
  | "tool_result_media"
  | "json_schema"
  | "json_with_tools"
  | "prefill"
  | "system_media"
  | "assistant_media"
  | "document_type"
  | "media_type"
  | "image_input"
  | "audio_input"
  | "video_input"
  | "media_url"
  | "provider_file";

/** Longest name of a caller's own field that a warning repeats. */
const fieldCharsMax = 64;

type LossCode = "SETTING_IGNORED" | "SETTING_CHANGED" | "PART_DROPPED" | "SIGNATURE_DROPPED";

/**
 * One request on its way into a dialect: what it is for, and what gets lost on the way. Losses that differ only in the
 * position in a list are one warning with the path of the first, so a long conversation stays a short list.
 */
export class Rendering<Request extends Asked = CompleteRequest> {
  readonly request: Request;
  readonly target: Target;
  /** Provider name that stands for every server of the dialect, in provider_options and on parts. */
  readonly #family: string;
  readonly #dialect: string | undefined;
  /** Undefined while there is none, as for most requests. */
  #losses: Map<string, { warning: Warning; more: number }> | undefined;

  constructor({ call, target }: Attempt<Request>, family: string) {
    this.request = call.request;
    this.target = target;
    this.#family = family;
    this.#dialect = call.rpc.dialect;
  }

  /** Everything lost so far. */
  get warnings(): Warning[] {
    if (this.#losses === undefined) return [];
    return [...this.#losses.values()].map(({ warning, more }) =>
      more === 0 ? warning : { ...warning, message: `${warning.message} (and ${more} more)` },
    );
  }

  /** Whether something marked with this provider name may be sent to the target. */
  isOwn(provider: string): boolean {
    return provider === this.#family || provider === this.target.provider.id;
  }

  /** Options for this target; those under the provider's own id win over those for the dialect. */
  options(all: Readonly<Record<string, JsonObject>>): JsonObject {
    if (this.#dialect !== undefined && !this.isOwn(this.#dialect)) this.unread(all);
    return { ...all[this.#family], ...all[this.target.provider.id] };
  }

  /** Options of a place where the target takes none: those in the caller's own API are told of. */
  unread(all: Readonly<Record<string, JsonObject>>): void {
    const own = this.#dialect === undefined ? undefined : all[this.#dialect];
    for (const field in own) this.ignored(field.slice(0, fieldCharsMax), "the target does not know the field");
  }

  /** The dialect has no place for a setting. `field` is a path in the request. */
  ignored(field: string, message: string): void {
    this.warn("SETTING_IGNORED", field, message);
  }

  /** The nearest that the dialect can say is something else. */
  changed(field: string, message: string): void {
    this.warn("SETTING_CHANGED", field, message);
  }

  /** A part is not sent. */
  dropped(field: string, message: string): undefined {
    this.warn("PART_DROPPED", field, message);
  }

  /** The part at `path` is sent without its signature, which is another's. */
  signatureDropped(path: string): void {
    this.dropped(`${path}.signature`, "the signature is another provider's");
  }

  /** Records a loss. */
  warn(code: LossCode, field: string, message: string): void {
    const key = `${code} ${field.replace(/\d+/g, "")} ${message}`;
    this.#losses ??= new Map();
    const loss = this.#losses.get(key);
    if (loss === undefined) {
      this.#losses.set(key, { warning: create(WarningSchema, { code, field, message }), more: 0 });
    } else loss.more++;
  }

  /** The error for a field that is wrong whatever the target. */
  invalid(field: string, description: string): GatewayError {
    return refusal("INVALID_REQUEST", field, description, { field });
  }

  /** The error for something that matters and that the target cannot take. */
  unsupported(field: string, capability: Capability, description: string): GatewayError {
    const model = this.target.selector;
    return refusal("CAPABILITY_UNSUPPORTED", field, `${description} (${model})`, { model, capability, field });
  }
}

function refusal(reason: Reason, field: string, description: string, metadata: Record<string, string>): GatewayError {
  const error = new GatewayError(reason, `${field}: ${description}`, { metadata });
  return error.detail(BadRequestSchema, { fieldViolations: [{ field, description }] });
}

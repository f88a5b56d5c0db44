import type { JsonObject } from "@bufbuild/protobuf";

/** What this dialect is called in provider options, signatures and provider parts, whoever serves it. */
export const family = "anthropic";

/** A prompt cache breakpoint. */
export interface CacheControl {
  readonly type: "ephemeral";
  ttl?: "5m" | "1h";
}

/** One content block of a request; its other fields depend on the type. */
export interface Block {
  readonly type: string;
  cache_control?: CacheControl;
  readonly [field: string]: unknown;
}

/** One message of a request. Roles alternate. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: readonly Block[];
}

/** A tool definition: a function of the caller, or a typed tool of the provider. */
export interface ToolDefinition {
  /** Absent where the tool is a set of tools. */
  readonly name?: string;
  cache_control?: CacheControl;
  readonly [field: string]: unknown;
}

/** Whether the model thinks before it answers. Adaptive leaves the amount to `output_config.effort`. */
export type Thinking =
  | { readonly type: "disabled" }
  | { readonly type: "enabled"; readonly budget_tokens: number; readonly display?: "omitted" }
  | { readonly type: "adaptive"; readonly display: "summarized" | "omitted" };

/** Settings of the answer itself. */
export interface OutputConfig {
  readonly effort?: string;
  readonly format?: { readonly type: "json_schema"; readonly schema: JsonObject };
}

/** Which tools may or must be called. */
export interface ToolChoice {
  readonly type: "auto" | "any" | "none" | "tool";
  readonly name?: string;
  readonly disable_parallel_tool_use?: boolean;
}

/** What decides the number of input tokens: the body of /messages/count_tokens. */
export interface Prompt {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly system?: string | readonly Block[];
  readonly tools?: readonly ToolDefinition[];
  readonly tool_choice?: ToolChoice;
  readonly thinking?: Thinking;
  readonly output_config?: OutputConfig;
}

/** The body of /messages. */
export interface MessagesBody extends Prompt {
  readonly max_tokens: number;
  readonly stream?: true;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly stop_sequences?: readonly string[];
  readonly metadata?: { readonly user_id: string };
  readonly service_tier?: string;
}

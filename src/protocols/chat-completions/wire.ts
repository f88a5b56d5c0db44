import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** What this dialect, and those that servers have beside it, are called in provider options and on parts, whoever serves them. */
export const family = "openai";

/** A request body. `max_tokens`, not `max_completion_tokens`: every server of the dialect knows the older name. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  readonly stream?: true;
  readonly stream_options?: { readonly include_usage: true };
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly logprobs?: true;
  readonly top_logprobs?: number;
  readonly reasoning_effort?: string;
  readonly service_tier?: string;
  readonly user?: string;
  readonly tools?: readonly ChatTool[];
  readonly tool_choice?: "auto" | "none" | "required" | NamedTool;
  readonly parallel_tool_calls?: boolean;
  readonly response_format?: ChatFormat;
  /** Whatever provider_options add. */
  readonly [option: string]: unknown;
}

/** One message of a request. */
export type ChatMessage = PromptMessage | AssistantMessage | ToolMessage;

/** What the model reads. Some models want "developer" instead of "system". */
interface PromptMessage {
  readonly role: "system" | "developer" | "user";
  readonly content: ChatContent;
  readonly name?: string;
}

/** What the model said. */
export interface AssistantMessage {
  readonly role: "assistant";
  readonly content: ChatContent | null;
  readonly refusal?: string;
  readonly tool_calls?: readonly ChatToolCall[];
  readonly name?: string;
  /** The message is the beginning of the answer, at servers that must be told so. */
  readonly prefix?: true;
  /** Reasoning that the server gave and wants back. */
  readonly reasoning_content?: string;
  readonly reasoning?: string;
  readonly reasoning_details?: readonly JsonValue[];
  /** Sound that the model made, by its id. */
  readonly audio?: JsonObject;
  /** Pictures that the model made. */
  readonly images?: readonly ChatPart[];
}

/** What a tool returned. */
interface ToolMessage {
  readonly role: "tool";
  readonly tool_call_id: string;
  readonly content: ChatContent;
}

/** The short form is for one plain text. */
export type ChatContent = string | readonly ChatPart[];

/** One part of a message; provider_options can add fields, and a provider's own part can be anything. */
export type ChatPart =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: { readonly url: string; readonly detail?: string } }
  | { readonly type: "input_audio"; readonly input_audio: { readonly data: string; readonly format: "wav" | "mp3" } }
  | { readonly type: "file"; readonly file: ChatFile }
  | { readonly [field: string]: JsonValue };

/** `file_data` is a data: URI. */
interface ChatFile {
  readonly file_id?: string;
  readonly filename?: string;
  readonly file_data?: string;
}

/** A call that the model made. */
export interface ChatToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
  /** What the server said beside the call and wants back. */
  readonly extra_content?: JsonObject;
}

/** A function, or a tool that the provider itself defines. */
export type ChatTool =
  | {
      readonly type: "function";
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters: JsonValue;
        readonly strict?: boolean;
      };
    }
  | { readonly type: string; readonly [setting: string]: JsonValue };

/** The choice of one tool. */
interface NamedTool {
  readonly type: "function";
  readonly function: { readonly name: string };
}

/** The form of the answer; free text is the default and never written. */
export type ChatFormat =
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema: JsonValue;
        readonly strict?: boolean;
      };
    };

/**
 * A whole answer or one piece of a stream, as far as it is read. Servers disagree about every field, so each can be
 * missing and of any type.
 */
export interface ChatAnswer {
  readonly model?: unknown;
  readonly choices?: unknown;
  readonly usage?: unknown;
  readonly error?: unknown;
  readonly system_fingerprint?: unknown;
  readonly service_tier?: unknown;
}

/** One choice: `message` in a whole answer, `delta` in a stream. */
export interface ChatChoice {
  readonly index?: unknown;
  readonly message?: unknown;
  readonly delta?: unknown;
  readonly finish_reason?: unknown;
  readonly logprobs?: unknown;
  /** Why the server stopped midway, at servers that route on. */
  readonly error?: unknown;
}

/** What a choice says, or adds. */
export interface ChatSaying {
  readonly content?: unknown;
  readonly refusal?: unknown;
  /** Reasoning, at servers that show it. */
  readonly reasoning_content?: unknown;
  /** The same under a younger name. */
  readonly reasoning?: unknown;
  /** Reasoning as a list that the server wants back. */
  readonly reasoning_details?: unknown;
  readonly tool_calls?: unknown;
  /** The call of a tool before there were lists of them. */
  readonly function_call?: unknown;
  readonly annotations?: unknown;
  /** Sound that the model made, in base64, with an id and its words. */
  readonly audio?: unknown;
  /** Pictures that the model made. */
  readonly images?: unknown;
}

/** A tool call or a fragment of one. */
export interface ChatCallDelta {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: unknown;
  readonly extra_content?: unknown;
}

/** Token counts. */
export interface ChatUsage {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly total_tokens?: unknown;
  /** Part of prompt_tokens, at servers that had a prompt cache before there were details. */
  readonly prompt_cache_hit_tokens?: unknown;
  readonly prompt_tokens_details?: unknown;
  readonly completion_tokens_details?: unknown;
  /** At Mistral, which tells it here. */
  readonly service_tier?: unknown;
}

/** An error, alone in a body or in the midst of a stream. */
export interface ChatError {
  readonly message?: unknown;
  readonly type?: unknown;
  readonly code?: unknown;
  /** Path of the field at fault, at OpenAI and those that follow it. */
  readonly param?: unknown;
  /** Size of the context window and of the prompt, at llama.cpp. */
  readonly n_ctx?: unknown;
  readonly n_prompt_tokens?: unknown;
  /** Which server failed, at servers that route on. */
  readonly metadata?: unknown;
}

/**
 * Whether a parsed JSON value is an object that is no list. The shape is only a view: all its fields must be optional and
 * unknown.
 */
export function isObject<Shape extends object>(value: unknown): value is Shape {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

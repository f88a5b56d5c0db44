import type { JsonObject } from "@bufbuild/protobuf";

/** What this dialect is called in provider options, signatures and provider parts, whoever serves it. */
export const family = "ollama";

/** A call that a model made, its arguments as an object. */
export interface OllamaCall {
  readonly id: string;
  readonly function: { readonly index: number; readonly name: string; readonly arguments: JsonObject };
}

/** One message of a request. */
export interface OllamaMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  readonly thinking?: string;
  /** Pictures, and sound for models that hear, in base64. */
  readonly images?: readonly string[];
  readonly tool_calls?: readonly OllamaCall[];
  readonly tool_name?: string;
  readonly tool_call_id?: string;
}

/** A function that the model may call. */
export interface OllamaTool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: JsonObject };
}

/** The body of /api/chat. */
export interface OllamaBody {
  readonly model: string;
  readonly messages: readonly OllamaMessage[];
  /** Absent would mean true. */
  readonly stream: boolean;
  /** False: a conversation that does not fit the context is refused, not quietly shortened. */
  readonly truncate: boolean;
  /** False: an answer ends where the context is full; its beginning is not quietly forgotten to go on. */
  readonly shift: boolean;
  readonly tools?: readonly OllamaTool[];
  readonly format?: "json" | JsonObject;
  readonly think?: boolean | "low" | "medium" | "high";
  readonly logprobs?: true;
  readonly top_logprobs?: number;
  /** Settings of the model: num_predict, temperature, stop and more. */
  readonly options: JsonObject;
}

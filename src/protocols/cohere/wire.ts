import type { JsonObject } from "@bufbuild/protobuf";

/** What this dialect is called in provider options, signatures and provider parts, whoever serves it. */
export const family = "cohere";

/** Whether a reasoning part was the model's plan for its tool calls, which goes back in a field of its own. */
export const planSignature = "tool_plan";

/** One block of a message; its other fields depend on the type. */
export interface CohereBlock {
  readonly type: "text" | "image_url" | "thinking" | "document";
  readonly [field: string]: unknown;
}

/** A document that the model may cite. */
export interface CohereDocument {
  readonly id: string;
  readonly data: JsonObject;
}

/** A call that the model made, its arguments as text. */
export interface CohereCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** One message of a request. */
export interface CohereMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content?: string | readonly CohereBlock[];
  readonly tool_plan?: string;
  readonly tool_calls?: readonly CohereCall[];
  readonly tool_call_id?: string;
}

/** A function that the model may call. */
export interface CohereTool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: JsonObject };
}

/** The body of /v2/chat. */
export interface CohereBody {
  readonly model: string;
  readonly messages: readonly CohereMessage[];
  readonly stream?: true;
  readonly documents?: readonly CohereDocument[];
  readonly citation_options?: { readonly mode: "OFF" };
  readonly tools?: readonly CohereTool[];
  readonly tool_choice?: "REQUIRED" | "NONE";
  readonly strict_tools?: true;
  readonly response_format?: { readonly type: "json_object"; readonly json_schema?: JsonObject };
  readonly thinking?: { readonly type: "enabled" | "disabled"; readonly token_budget?: number };
  readonly max_tokens?: number;
  readonly temperature?: number;
  readonly p?: number;
  readonly k?: number;
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly seed?: number;
  readonly stop_sequences?: readonly string[];
  readonly logprobs?: true;
}

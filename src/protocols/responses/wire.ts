import type { JsonObject, JsonValue } from "@bufbuild/protobuf";

/** Name that stands for every server of the dialect, in provider_options and on parts. */
export const family = "openai";

/** A request body. */
export interface ResponsesBody {
  readonly model: string;
  readonly input: readonly InputItem[];
  /** The server keeps nothing unless provider_options ask for it. */
  readonly store: boolean;
  readonly stream?: true;
  readonly max_output_tokens?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_logprobs?: number;
  readonly include?: readonly string[];
  readonly reasoning?: JsonObject;
  readonly text?: JsonObject;
  readonly tools?: readonly JsonObject[];
  readonly tool_choice?: JsonValue;
  readonly parallel_tool_calls?: boolean;
  readonly service_tier?: string;
  readonly safety_identifier?: string;
  /** Whatever provider_options add. */
  readonly [option: string]: unknown;
}

/** One item of the conversation; a server's own items can be anything. */
export type InputItem =
  | PromptMessage
  | SaidMessage
  | OutputMessage
  | FunctionCall
  | FunctionOutput
  | Reasoning
  | JsonObject;

/** Instructions, or what the user says. */
interface PromptMessage {
  readonly role: "system" | "user";
  readonly content: InputContent;
}

/** What the model said, in the short form: one plain text. */
interface SaidMessage {
  readonly role: "assistant";
  readonly content: string;
  readonly phase?: string;
}

/** What the model said. The server demands an id, which must begin with "msg_", and does not look it up. */
export interface OutputMessage {
  readonly type: "message";
  readonly role: "assistant";
  readonly id: string;
  readonly status: "completed";
  readonly content: readonly OutputPart[];
  readonly phase?: string;
}

/** A function that the model called. */
interface FunctionCall {
  readonly type: "function_call";
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What a function returned. */
interface FunctionOutput {
  readonly type: "function_call_output";
  readonly call_id: string;
  readonly output: InputContent;
}

/** Reasoning that the model is reminded of. */
export interface Reasoning {
  readonly type: "reasoning";
  readonly id: string;
  readonly summary: readonly { readonly type: "summary_text"; readonly text: string }[];
  readonly content?: readonly { readonly type: "reasoning_text"; readonly text: string }[];
  readonly encrypted_content?: string;
}

/** The short form is for one plain text. */
export type InputContent = string | readonly InputPart[];

/** One part of what the model reads; provider_options can add fields, and a provider's own part can be anything. */
export type InputPart =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "input_image"; readonly detail: string; readonly image_url?: string; readonly file_id?: string }
  | { readonly type: "input_file"; readonly file_id: string }
  | { readonly type: "input_file"; readonly file_url: string }
  | { readonly type: "input_file"; readonly filename: string; readonly file_data: string }
  | JsonObject;

/** One part of what the model said. */
export type OutputPart =
  | { readonly type: "output_text"; readonly text: string; readonly annotations: JsonObject[]; readonly logprobs: [] }
  | { readonly type: "refusal"; readonly refusal: string }
  | JsonObject;

import type { JsonObject } from "@bufbuild/protobuf";

/** What this dialect is called in provider options, signatures and provider parts. */
export const family = "bedrock";

/** A union of AWS: an object whose only member says what it is. */
export type Block = Readonly<Record<string, unknown>>;

/** One message of a request. Roles alternate. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: readonly Block[];
}

/** Tools, and whether and which must be called. */
export interface ToolConfig {
  readonly tools: readonly Block[];
  readonly toolChoice?: Block;
}

/** What decides the number of input tokens: the body of count-tokens but for its envelope. */
export interface Prompt {
  readonly messages: readonly Message[];
  readonly system?: readonly Block[];
  readonly toolConfig?: ToolConfig;
  /** Fields of the model's own format. */
  readonly additionalModelRequestFields?: JsonObject;
}

/** Settings that every model has. */
export interface InferenceConfig {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly stopSequences?: readonly string[];
}

/** Form of the answer, and how hard to think about it. */
export interface OutputConfig {
  readonly textFormat?: Block;
  readonly effort?: string;
}

/** The body of converse and converse-stream. */
export interface ConverseBody extends Prompt {
  readonly inferenceConfig?: InferenceConfig;
  readonly outputConfig?: OutputConfig;
  readonly serviceTier?: { readonly type: string };
  /** JSON pointers of fields of the model's own answer. */
  readonly additionalModelResponseFieldPaths?: readonly string[];
}

import type { JsonObject } from "@bufbuild/protobuf";

/**
 * What this dialect is called in provider options, signatures and provider parts, whoever serves it. Not the name that an
 * instance usually has: signatures of one endpoint are refused by another, so an instance's own must not pass for all.
 */
export const family = "google";

/** One part of a content; its fields depend on what it is. */
export type Part = Readonly<Record<string, unknown>>;

/** One turn. Roles alternate. */
export interface Content {
  readonly role: "user" | "model";
  readonly parts: readonly Part[];
}

/** Instructions, which have no role. */
export interface Instruction {
  readonly parts: readonly Part[];
}

/** How much the model thinks before it answers: a budget before Gemini 3, a level since, never both. */
export interface ThinkingConfig {
  readonly includeThoughts?: true;
  readonly thinkingBudget?: number;
  readonly thinkingLevel?: "MINIMAL" | "LOW" | "MEDIUM" | "HIGH";
}

/** Settings of the answer. */
export interface GenerationConfig {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly maxOutputTokens?: number;
  readonly stopSequences?: readonly string[];
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly responseLogprobs?: true;
  readonly logprobs?: number;
  readonly responseMimeType?: "application/json";
  readonly responseJsonSchema?: JsonObject;
  readonly thinkingConfig?: ThinkingConfig;
}

/** A function of the caller. */
export interface FunctionDeclaration {
  readonly name: string;
  readonly description?: string;
  readonly parametersJsonSchema?: JsonObject;
}

/** The functions of the caller, or one tool of the provider under its own name. */
export type Tool =
  | { readonly functionDeclarations: readonly FunctionDeclaration[] }
  | { readonly [name: string]: JsonObject };

/** Which functions may or must be called. */
export interface ToolConfig {
  readonly functionCallingConfig: {
    readonly mode: "AUTO" | "ANY" | "NONE" | "VALIDATED";
    readonly allowedFunctionNames?: readonly string[];
  };
}

/** What the model reads. */
export interface Prompt {
  readonly contents: readonly Content[];
  readonly systemInstruction?: Instruction;
  readonly tools?: readonly Tool[];
  readonly toolConfig?: ToolConfig;
}

/** The body of :generateContent and :streamGenerateContent. */
export interface GenerateBody extends Prompt {
  readonly generationConfig?: GenerationConfig;
  readonly serviceTier?: string;
}

/** The body of :countTokens, as the Gemini API takes it. */
export interface CountBody {
  readonly generateContentRequest: Prompt & { readonly model: string };
}

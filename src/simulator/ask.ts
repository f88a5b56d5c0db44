/** A tool the model may call; `schema` is the JSON schema of its arguments as sent. */
export interface Tool {
  readonly name: string;
  readonly schema: unknown;
}

/** What the client demands about tools; "named" carries the name. */
export type ToolChoice =
  | { readonly kind: "auto" | "none" | "required" }
  | { readonly kind: "named"; readonly name: string };

/** What shape the answer must have; `schema` undefined means any JSON object. */
export type Format = { readonly kind: "text" } | { readonly kind: "json"; readonly schema: unknown };

/** What one tool gave back in the last turn; the name is empty when the request does not tell it. */
export interface ToolResult {
  readonly name: string;
  readonly text: string;
}

/** A generation request with the dialect taken out: all that decides what is said. */
export interface Ask {
  readonly model: string;
  readonly stream: boolean;
  /** Text of the last user message that has any. */
  readonly prompt: string;
  /** Kinds of what came beside that text: "image", "document", "audio". */
  readonly attachments: readonly string[];
  /** Filled only when the conversation ends with them. */
  readonly toolResults: readonly ToolResult[];
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelTools: boolean;
  /** Whether models of this dialect say a sentence before they call a tool of their own accord. */
  readonly announcesTools: boolean;
  readonly format: Format;
  /** Undefined: as many as the simulator allows. */
  readonly outputTokensMax: number | undefined;
  readonly stops: readonly string[];
  /** Undefined: do not think. */
  readonly reasoningTokensMax: number | undefined;
  readonly inputTokens: number;
}

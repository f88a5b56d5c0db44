import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CompleteResponse, ReasoningOptions, StreamOptionsSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { CountTokensResponse } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import type { CallOptions } from "./call-options.ts";
import type { CompletionFields, CompletionRequest, MessageInput, PartInput, ToolInput } from "./completion-request.ts";
import type { CompletionStream } from "./completion-stream.ts";

/** What a request cannot do without. */
export type Needed = "model" | "input";

/** Who carries a built request out. */
export interface Asker {
  complete(request: CompletionRequest, options?: CallOptions): Promise<CompleteResponse>;
  stream(request: CompletionRequest, options?: StreamCallOptions): CompletionStream;
  countTokens(request: CompletionRequest, options?: CallOptions): Promise<CountTokensResponse>;
}

/** What concerns one stream. */
export interface StreamCallOptions extends CallOptions {
  /** Heartbeats, joining of pieces, and whether the gateway may begin the answer anew with another target. */
  readonly stream?: MessageInitShape<typeof StreamOptionsSchema> | undefined;
}

/**
 * A request, step by step. Each step gives another builder and leaves this one as it was. The type records which of the two
 * things that a request needs are set: `send`, `stream` and `countTokens` are refused by the compiler before both are.
 */
export class CompletionBuilder<Set extends Needed = never> {
  /** In the type only. */
  declare readonly "~set"?: { readonly [K in Set]: true };
  readonly #asker: Asker;
  readonly #fields: CompletionFields;

  constructor(asker: Asker, fields: CompletionFields = {}) {
    this.#asker = asker;
    this.#fields = fields;
  }

  /** "openai/gpt-5", an alias, a policy or a chain. */
  model(model: string): CompletionBuilder<Set | "model"> {
    return new CompletionBuilder(this.#asker, { ...this.#fields, model });
  }

  /** Instructions that stand before all messages. */
  system(system: string): CompletionBuilder<Set> {
    return this.with({ system });
  }

  /** One more message of the user. */
  user(content: string | PartInput[]): CompletionBuilder<Set | "input"> {
    return this.message(messageOf(Role.USER, content));
  }

  /** One more message of the model, as far as it is not an answer that is given back by `message`. */
  assistant(content: string | PartInput[]): CompletionBuilder<Set> {
    return new CompletionBuilder(this.#asker, this.#with(messageOf(Role.ASSISTANT, content)));
  }

  /** One more message, such as `response.message` of the turn before. Undefined adds none. */
  message(message: MessageInput | undefined): CompletionBuilder<Set | "input"> {
    return new CompletionBuilder(this.#asker, this.#with(message));
  }

  /** What a tool gave for a call: text as it is, anything else as JSON. */
  toolResult(toolCallId: string, result: unknown, isError = false): CompletionBuilder<Set | "input"> {
    const part =
      typeof result === "string"
        ? ({ case: "text", value: result } as const)
        : ({ case: "json", value: JSON.stringify(result) } as const);
    const value = { toolCallId, content: [{ part }], isError };
    return this.message({ role: Role.TOOL, content: [{ part: { case: "toolResult", value } }] });
  }

  /** More tools that the model may call. */
  tools(...tools: ToolInput[]): CompletionBuilder<Set> {
    return this.with({ tools: [...(this.#fields.tools ?? []), ...tools] });
  }

  /** The answer is to be JSON of this schema; `jsonOf` reads it. */
  json(schema: object, name = "answer"): CompletionBuilder<Set> {
    const value = { name, definition: { case: "schemaJson", value: JSON.stringify(schema) }, strict: true } as const;
    return this.with({ responseFormat: { format: { case: "jsonSchema", value } } });
  }

  /** Upper bound of output tokens, reasoning included. */
  maxOutputTokens(maxOutputTokens: number): CompletionBuilder<Set> {
    return this.with({ maxOutputTokens });
  }

  /** From 0 to 2. */
  temperature(temperature: number): CompletionBuilder<Set> {
    return this.with({ temperature });
  }

  /** "none", "minimal", "low", "medium", "high", "xhigh" or "max". */
  reasoning(effort: ReasoningOptions["effort"]): CompletionBuilder<Set> {
    return this.with({ reasoning: { effort } });
  }

  /** Output ends before the first of these. */
  stopAt(...stopSequences: string[]): CompletionBuilder<Set> {
    return this.with({ stopSequences });
  }

  /** Any other fields of a CompleteRequest, such as routing, cache and labels; they replace what is set. */
  with(fields: Omit<CompletionFields, Needed | "messages">): CompletionBuilder<Set> {
    return new CompletionBuilder(this.#asker, { ...this.#fields, ...fields });
  }

  /** The whole answer. Rejects with a HubError. */
  send(this: CompletionBuilder<Needed>, options?: CallOptions): Promise<CompleteResponse> {
    return this.#asker.complete(this.request(), options);
  }

  /** The answer piece by piece. Nothing is sent before somebody reads. */
  stream(this: CompletionBuilder<Needed>, options?: StreamCallOptions): CompletionStream {
    return this.#asker.stream(this.request(), options);
  }

  /** Counts input tokens and estimates their cost, without an answer. */
  countTokens(this: CompletionBuilder<Needed>, options?: CallOptions): Promise<CountTokensResponse> {
    return this.#asker.countTokens(this.request(), options);
  }

  /** The request as a plain object. */
  request(this: CompletionBuilder<Needed>): CompletionRequest {
    const { model = "", messages = [], ...fields } = this.#fields;
    return { ...fields, model, messages };
  }

  #with(message: MessageInput | undefined): CompletionFields {
    const { messages = [], ...fields } = this.#fields;
    return { ...fields, messages: message === undefined ? messages : [...messages, message] };
  }
}

function messageOf(role: Role, content: string | PartInput[]): MessageInput {
  return typeof content === "string" ? { role, text: content } : { role, content };
}

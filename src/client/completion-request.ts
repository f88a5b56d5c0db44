import type { MessageInitShape } from "@bufbuild/protobuf";
import type { CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { ChatMessageSchema, ContentPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import type { ToolSchema } from "../../gen/llmhub/v1/tool_pb.ts";

/** Every field of a CompleteRequest, all of them optional. */
export type CompletionFields = Exclude<MessageInitShape<typeof CompleteRequestSchema>, CompleteRequest>;

/** A message of a conversation. */
export type MessageInput = MessageInitShape<typeof ChatMessageSchema>;

/** A part of a message: `{ part: { case: "text", value: "hi" } }`. */
export type PartInput = MessageInitShape<typeof ContentPartSchema>;

/** A tool; `functionTool` makes those that the caller runs. */
export type ToolInput = MessageInitShape<typeof ToolSchema>;

/** What asks a model, written down: the type wants a model, and something to answer. */
type WrittenRequest = Omit<CompletionFields, "model" | "input" | "messages"> & {
  /** "openai/gpt-5", an alias, a policy or a chain. */
  readonly model: string;
} & (
    | { readonly input: string; readonly messages?: MessageInput[] }
    | { readonly messages: MessageInput[]; readonly input?: string }
  );

/** What asks a model: written down as an object, or made with `create`. */
export type CompletionRequest = WrittenRequest | CompleteRequest;

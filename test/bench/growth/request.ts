import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CompleteRequestSchema, StreamCompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { type ChatMessageSchema, Role, ToolCallSchema, ToolResultSchema } from "../../../gen/llmhub/v1/content_pb.ts";
import { framed, type Request } from "../request.ts";

/** What a caller asks for. */
export interface Ask {
  readonly model?: string;
  /** Of the last message. */
  readonly promptBytes?: number;
  /** Messages, of which every fourth is a call of a tool and the next its result. */
  readonly messages?: number;
  readonly streams?: boolean;
  /** Which of the gateway's API keys the caller has; absent: the first. */
  readonly key?: number;
}

export type Door = "grpc" | "http";

type Message = MessageInitShape<typeof ChatMessageSchema>;

/** A call over this door, made beforehand. */
export function requestOf(door: Door, apiKey: string, ask: Omit<Ask, "key">): Request {
  const { model = "openai/gpt-4o-mini", promptBytes = 30, messages = 1, streams = false } = ask;
  const prompt = "Why are gateways measured? ".repeat(Math.ceil(promptBytes / 27)).slice(0, promptBytes);
  const headers = { authorization: `Bearer ${apiKey}` };
  if (door === "http") {
    const turns = Array.from({ length: messages }, (_, i) => chatMessage(i, messages, prompt));
    const stream = { stream: true, stream_options: { include_usage: true } };
    const body = Buffer.from(JSON.stringify({ model, messages: turns, ...(streams && stream) }));
    return { path: "/v1/chat/completions", headers: { ...headers, "content-type": "application/json" }, body };
  }
  const turns = Array.from({ length: messages }, (_, i) => message(i, messages, prompt));
  const value = create(CompleteRequestSchema, { model, messages: turns });
  const body = streams
    ? toBinary(StreamCompleteRequestSchema, create(StreamCompleteRequestSchema, { start: { case: "request", value } }))
    : toBinary(CompleteRequestSchema, value);
  return {
    path: `/llmhub.v1.CompletionService/${streams ? "StreamComplete" : "Complete"}`,
    headers: { ...headers, "content-type": "application/grpc", te: "trailers", "grpc-timeout": "300S" },
    body: framed(body),
  };
}

function chatMessage(i: number, count: number, prompt: string): object {
  if (i === count - 1) return { role: "user", content: prompt };
  const call = { id: `call_${i}`, type: "function", function: { name: "look_up", arguments: '{"city":"Paris"}' } };
  const turns = [
    { role: "user", content: "What is the weather like there?" },
    { role: "assistant", content: null, tool_calls: [call] },
    { role: "tool", tool_call_id: `call_${i - 1}`, content: "Sunny, 21 degrees." },
    { role: "assistant", content: "It is sunny, and 21 degrees." },
  ] as const;
  // A call without its result is refused.
  return turns[i >= count - 1 - ((count - 1) % 4) ? 0 : ((i % 4) as 0)];
}

function message(i: number, count: number, prompt: string): Message {
  const of = (role: Role, text: string): Message => ({ role, content: [{ part: { case: "text", value: text } }] });
  if (i === count - 1) return of(Role.USER, prompt);
  const call = create(ToolCallSchema, { id: `call_${i}`, name: "look_up", argumentsJson: '{"city":"Paris"}' });
  const said = { part: { case: "text" as const, value: "Sunny, 21 degrees." } };
  const result = create(ToolResultSchema, { toolCallId: `call_${i - 1}`, content: [said] });
  const turns: readonly Message[] = [
    of(Role.USER, "What is the weather like there?"),
    { role: Role.ASSISTANT, content: [{ part: { case: "toolCall", value: call } }] },
    { role: Role.TOOL, content: [{ part: { case: "toolResult", value: result } }] },
    of(Role.ASSISTANT, "It is sunny, and 21 degrees."),
  ];
  return turns[i >= count - 1 - ((count - 1) % 4) ? 0 : i % 4] ?? of(Role.USER, prompt);
}

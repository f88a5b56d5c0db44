import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import { countReader } from "../input-usage.ts";
import type { ResponsesBody } from "./wire.ts";

/** What of a request the count of its input depends on; the endpoint refuses the rest. */
const counted = [
  "model",
  "input",
  "instructions",
  "previous_response_id",
  "conversation",
  "text",
  "reasoning",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "truncation",
] as const;

/** Counts input tokens with POST /responses/input_tokens, which takes a part of what the request would be. */
export function inputCount(render: (attempt: Attempt) => Rendered<ResponsesBody>): NonNullable<Protocol["count"]> {
  return {
    render(attempt) {
      const { body, ...rendered } = render(attempt);
      const entries = counted.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const]));
      return { ...rendered, path: "/responses/input_tokens", body: Object.fromEntries(entries) };
    },
    read: countReader("input_tokens"),
  };
}

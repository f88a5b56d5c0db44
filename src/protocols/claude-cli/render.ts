import type { Attempt } from "../../model/call.ts";
import type { Invocation } from "../../model/invocation.ts";
import type { Rendered } from "../../model/protocol.ts";
import { Rendering } from "../messages/rendering.ts";
import { commandOf, systemFile } from "./command.ts";
import { promptOf } from "./prompt.ts";
import { checkSettings } from "./settings.ts";

/** One run of the program. The prompt goes to its input and the system prompt into a file: arguments can be seen by all. */
export function render(attempt: Attempt): Rendered<Invocation> {
  const rendering = new Rendering(attempt);
  checkSettings(rendering);
  const { system, content } = promptOf(rendering);
  const message = { type: "user", message: { role: "user", content }, parent_tool_use_id: null, session_id: "" };
  const body: Invocation = {
    ...commandOf(rendering),
    input: `${lineOf(message)}\n`,
    // Even if it is empty: without one the program would take its own.
    files: { [systemFile]: system },
  };
  return { path: "", body, warnings: rendering.warnings };
}

/** As JSON in one line, also for readers to whom U+2028 and U+2029 end a line: what a caller says must stay within it. */
function lineOf(message: object): string {
  return JSON.stringify(message).replace(/[\u2028\u2029]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
}

import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import { fitEffort } from "../../protocols/chat-completions/effort.ts";
import { responses } from "../../protocols/responses/protocol.ts";
import { renderResponses } from "../../protocols/responses/render.ts";
import { Rendering } from "../../protocols/responses/rendering.ts";
import type { ResponsesBody } from "../../protocols/responses/wire.ts";
import { efforts } from "./render.ts";

/** The Responses API as xAI serves it: docs.x.ai, "Create new response". */
export const xaiResponses: Protocol<ResponsesBody> = { ...responses, render };

/** The name of the end user, and what asks for probabilities, are those of chat completions here. */
function render(attempt: Attempt): Rendered<ResponsesBody> {
  const { call, target } = attempt;
  const before = new Rendering(attempt);
  const levels = efforts(target);
  const request = levels === undefined ? call.request : fitEffort(call.request, levels, before);
  const { body, ...rendered } = renderResponses({ ...attempt, call: { ...call, request } });
  const { safety_identifier: user, include = [], ...rest } = body;
  const known = include.filter((name) => name !== "message.output_text.logprobs");
  return {
    ...rendered,
    warnings: [...before.warnings, ...rendered.warnings],
    body: {
      ...rest,
      ...(known.length === 0 ? {} : { include: known }),
      ...(known.length === include.length ? {} : { logprobs: true }),
      ...(user === undefined ? {} : { user }),
    },
  };
}

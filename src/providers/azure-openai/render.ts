import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import type { Target } from "../../model/target.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import type { ResponsesBody } from "../../protocols/responses/wire.ts";
import { renderOpenAi } from "../openai/render.ts";
import { openaiResponses } from "../openai/responses.ts";
import type { Surface } from "./surface.ts";

const renderPlain = renderVariant({});

/** The render function of one of Azure's APIs. */
export function renderAt(surface: Surface): (attempt: Attempt) => Rendered<ChatBody> {
  const { kind } = surface;
  if (kind === "v1") return renderOpenAi;
  return (attempt) => {
    const { facts } = attempt.target;
    const rendered = kind === "models" ? renderPlain(attempt) : renderOpenAi(attempt);
    const isOlder = kind === "dated" && !facts.features.has("reasoning");
    const body = isOlder ? withOlderBound(rendered.body) : rendered.body;
    return placedAt(surface, attempt.target, { ...rendered, body });
  };
}

/** The request at its place in one of Azure's APIs. */
export function placedAt<Body extends object>(
  { kind, apiVersion }: Surface,
  { model }: Target,
  rendered: Rendered<Body>,
): Rendered<Body> {
  if (kind === "v1") return rendered;
  const query = `?api-version=${encodeURIComponent(apiVersion ?? "")}`;
  if (kind === "dated")
    return { ...rendered, path: `/deployments/${encodeURIComponent(model)}${rendered.path}${query}` };
  // Fields that this API does not know itself, such as stream_options, are for the model.
  return { ...rendered, path: `${rendered.path}${query}`, headers: { "extra-parameters": "pass-through" } };
}

/** The request in the Responses API, which names the deployment in the body under a dated version, too. */
export function renderResponsesAt({ apiVersion }: Surface): Protocol<ResponsesBody>["render"] {
  return (attempt) => {
    const rendered = openaiResponses.render(attempt);
    if (apiVersion === undefined) return rendered;
    return { ...rendered, path: `${rendered.path}?api-version=${encodeURIComponent(apiVersion)}` };
  };
}

/** Versions before 2024-09 know only the older name of the bound, which all models take but those that reason. */
function withOlderBound(body: ChatBody): ChatBody {
  const { max_completion_tokens, ...rest } = body;
  return max_completion_tokens === undefined ? body : ({ ...rest, max_tokens: max_completion_tokens } as ChatBody);
}

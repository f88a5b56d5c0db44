import type { Attempt } from "../../model/call.ts";
import type { Rendered } from "../../model/protocol.ts";
import { renderVariant } from "../../protocols/chat-completions/variant.ts";
import type { ChatBody } from "../../protocols/chat-completions/wire.ts";
import { renderOpenAi } from "../openai/render.ts";
import type { Surface } from "./surface.ts";

const renderPlain = renderVariant({});

/** The render function of one of Azure's APIs. */
export function renderAt({ kind, apiVersion }: Surface): (attempt: Attempt) => Rendered<ChatBody> {
  if (kind === "v1") return renderOpenAi;
  const query = `?api-version=${encodeURIComponent(apiVersion ?? "")}`;
  if (kind === "dated") return (attempt) => renderDeployment(attempt, query);
  return (attempt) => {
    const rendered = renderPlain(attempt);
    // Fields that this API does not know itself, such as stream_options, are for the model.
    return { ...rendered, path: `${rendered.path}${query}`, headers: { "extra-parameters": "pass-through" } };
  };
}

function renderDeployment(attempt: Attempt, query: string): Rendered<ChatBody> {
  const { body, ...rendered } = renderOpenAi(attempt);
  const { model, facts } = attempt.target;
  const path = `/deployments/${encodeURIComponent(model)}${rendered.path}${query}`;
  return { ...rendered, path, body: facts.features.has("reasoning") ? body : withOlderBound(body) };
}

/** Versions before 2024-09 know only the older name of the bound, which all models take but those that reason. */
function withOlderBound(body: ChatBody): ChatBody {
  const { max_completion_tokens, ...rest } = body;
  return max_completion_tokens === undefined ? body : ({ ...rest, max_tokens: max_completion_tokens } as ChatBody);
}

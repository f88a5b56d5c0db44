import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import { fault as googleFault, isStatus } from "../../protocols/gemini/fault.ts";
import { modelPath } from "../../protocols/gemini/model-name.ts";
import { addressOf } from "../../protocols/media-source.ts";
import { messages } from "../../protocols/messages/protocol.ts";

/** The version of the dialect that this endpoint is, in place of the header. */
const version = "vertex-2023-10-16";
const publisher = "/publishers/anthropic";

/**
 * Claude as Vertex AI serves it: the dialect of Anthropic with its version in the body, the model in the path, media by its
 * bytes, and failures of the endpoint itself in Google's form.
 */
export const vertexClaude: Protocol = {
  ...messages,
  render: (attempt) => {
    const { body, ...rendered } = messages.render(attempt);
    const { model, ...rest } = body;
    const operation = attempt.call.stream ? "streamRawPredict" : "rawPredict";
    return versioned({ ...rendered, path: publisher + modelPath(model, operation), body: rest });
  },
  fault: (failure) => (isStatus(failure.body) ? googleFault(failure) : messages.fault(failure)),
  fetches: (media) => addressOf(media) !== undefined,
  ...(messages.count && { count: { ...messages.count, render: countWith(messages.count.render) } }),
};

function countWith(render: (attempt: Attempt) => Rendered): (attempt: Attempt) => Rendered {
  return (attempt) => versioned({ ...render(attempt), path: publisher + modelPath("count-tokens", "rawPredict") });
}

function versioned({ body, headers = {}, ...rendered }: Rendered): Rendered {
  const { "anthropic-version": _, ...others } = headers;
  return { ...rendered, headers: others, body: { anthropic_version: version, ...body } };
}

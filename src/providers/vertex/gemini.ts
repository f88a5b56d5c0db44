import type { Attempt } from "../../model/call.ts";
import type { Protocol, Rendered } from "../../model/protocol.ts";
import { gemini } from "../../protocols/gemini/protocol.ts";
import { read } from "../../protocols/gemini/read.ts";
import { render, renderCount } from "../../protocols/gemini/render.ts";
import { family } from "../../protocols/gemini/wire.ts";

/**
 * Gemini as Vertex AI serves it: below its publisher, or tuned, at an endpoint of its own ("endpoints/123"). Its token
 * count takes less of the prompt, and not within a request. Models of other makers have the same provider, so its proofs
 * bear a name of their own.
 */
export const vertexGemini: Protocol = {
  ...gemini,
  render: (attempt) => placed(render(attempt, signerOf(attempt))),
  read: (attempt) => read(attempt, signerOf(attempt)),
  count: {
    ...gemini.count,
    render: (attempt) => {
      const rendered = renderCount(attempt, signerOf(attempt));
      const { contents, systemInstruction, tools } = rendered.body.generateContentRequest;
      const body = { contents, ...(systemInstruction && { systemInstruction }), ...(tools && { tools }) };
      return placed({ ...rendered, body });
    },
  },
};

function signerOf({ target }: Attempt): string {
  return `${target.provider.id}.${family}`;
}

function placed(rendered: Rendered): Rendered {
  const own = rendered.path.replace(/^\/models\/endpoints%2F(?=\d+:)/, "/endpoints/");
  return { ...rendered, path: own === rendered.path ? `/publishers/google${own}` : own };
}

import type { Protocol, Rendered } from "../../model/protocol.ts";
import { gemini } from "../../protocols/gemini/protocol.ts";

/**
 * Gemini as Vertex AI serves it: below its publisher, or tuned, at an endpoint of its own ("endpoints/123"). Its token
 * count takes less of the prompt, and not within a request.
 */
export const vertexGemini: Protocol = {
  ...gemini,
  render: (attempt) => placed(gemini.render(attempt)),
  count: {
    ...gemini.count,
    render: (attempt) => {
      const rendered = gemini.count.render(attempt);
      const { contents, systemInstruction, tools } = rendered.body.generateContentRequest;
      const body = { contents, ...(systemInstruction && { systemInstruction }), ...(tools && { tools }) };
      return placed({ ...rendered, body });
    },
  },
};

function placed(rendered: Rendered): Rendered {
  const own = rendered.path.replace(/^\/models\/endpoints%2F(?=\d+:)/, "/endpoints/");
  return { ...rendered, path: own === rendered.path ? `/publishers/google${own}` : own };
}

import type { Protocol } from "../../model/protocol.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";

/** Models of other publishers, named with them ("meta/llama-4-scout-17b-16e-instruct-maas"), as chat completions. */
export const vertexOpenModels: Protocol = {
  ...chatCompletions,
  render: (attempt) => {
    const rendered = chatCompletions.render(attempt);
    return { ...rendered, path: `/endpoints/openapi${rendered.path}` };
  },
};

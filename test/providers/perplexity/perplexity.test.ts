import { expect, it } from "vitest";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import { perplexity } from "../../../src/providers/perplexity/perplexity.ts";
import { folded } from "../../protocols/chat-completions/recording.ts";
import { attemptAt } from "../../support/attempt.ts";
import { requestOf } from "../../support/every-dialect.ts";
import { bodyOf, protocolOf } from "../../support/provider-body.ts";

it("refuses tools, which the API would drop", () => {
  const tools = [{ function: { name: "f" } }];
  expect(() => bodyOf(perplexity, "sonar", { input: "hi", tools })).toThrow(
    expect.objectContaining({ reason: "CAPABILITY_UNSUPPORTED" }),
  );
});

/** The body after docs.perplexity.ai, "Chat completions". */
it("keeps what the answer rests on", () => {
  const citations = ["https://a.example"];
  const body = JSON.stringify({
    model: "sonar",
    choices: [{ index: 0, message: { role: "assistant", content: "So [1]." }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3, num_search_queries: 1 },
    citations,
  });
  const target = { kind: "perplexity", model: "sonar", facts: unknownFacts };
  const reader = protocolOf(perplexity, "sonar").read(attemptAt(target, requestOf({ input: "hi" })));
  const out: Parameters<typeof reader.end>[0] = [];
  reader.push(Buffer.from(body), out);
  reader.end(out);
  expect(folded(out)).toMatchObject({ providerMetadata: { perplexity: { citations, num_search_queries: 1 } } });
});

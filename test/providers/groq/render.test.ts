import { expect, it } from "vitest";
import { groq } from "../../../src/providers/groq/groq.ts";
import { bodyOf } from "../../support/provider-body.ts";

it("leaves out what Groq answers with 400, with a warning", () => {
  const request = { messages: [{ text: "hi", name: "ann" }], topLogprobs: 2, maxOutputTokens: 5 };
  const { body, warnings } = bodyOf(groq, "llama-3.3-70b-versatile", request);
  expect(body).toEqual({
    model: "llama-3.3-70b-versatile",
    messages: [{ role: "user", content: "hi" }],
    max_completion_tokens: 5,
  });
  expect(warnings).toEqual(["SETTING_IGNORED messages[0].name", "SETTING_IGNORED top_logprobs"]);
});

it("turns refusals into text, because fields of OpenAI's own are refused", () => {
  const content = [{ refusal: "No." }];
  const { body } = bodyOf(groq, "x", { messages: [{ role: "ROLE_ASSISTANT", content }, { text: "why" }] });
  expect(body["messages"]).toEqual([
    { role: "assistant", content: "No." },
    { role: "user", content: "why" },
  ]);
});

it.each([
  ["openai/gpt-oss-120b", "max", { reasoning_effort: "high" }, 1],
  ["openai/gpt-oss-120b", "none", {}, 1],
  ["qwen/qwen3-32b", "none", { reasoning_effort: "none", reasoning_format: "parsed" }, 0],
])("%s takes effort %s as %j", (model, effort, fields, warnings) => {
  const rendered = bodyOf(groq, model, { input: "hi", reasoning: { effort } });
  const { messages: _, model: __, ...rest } = rendered.body;
  expect(rest).toEqual(fields);
  expect(rendered.warnings).toHaveLength(warnings);
});

it("lets the caller have thoughts in another form", () => {
  const providerOptions = { groq: { reasoning_format: "hidden" } };
  expect(bodyOf(groq, "qwen/qwen3-32b", { input: "hi", providerOptions }).body).toMatchObject({
    reasoning_format: "hidden",
  });
});

import { expect, it } from "vitest";
import { cerebras } from "../../../src/providers/cerebras/cerebras.ts";
import { bodyOf } from "../../support/provider-body.ts";

it("leaves out what Cerebras answers with 400, with a warning", () => {
  const request = { input: "hi", frequencyPenalty: 1, presencePenalty: 1, serviceTier: "flex", maxOutputTokens: 5 };
  const { body, warnings } = bodyOf(cerebras, "gpt-oss-120b", request);
  expect(body).toEqual({
    model: "gpt-oss-120b",
    messages: [{ role: "user", content: "hi" }],
    max_completion_tokens: 5,
  });
  const ignored = ["frequency_penalty", "presence_penalty", "service_tier"];
  expect(warnings).toEqual(ignored.map((field) => `SETTING_IGNORED ${field}`));
});

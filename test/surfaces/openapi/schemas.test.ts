import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import document from "../../../src/surfaces/openapi/openapi.json" with { type: "json" };

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ components: document.components }, "api");

function takes(name: string, value: unknown): boolean {
  const check = ajv.getSchema(`api#/components/schemas/${name}`);
  if (check === undefined) throw new Error(`there is no schema ${name}`);
  return check(value) === true;
}

test.each([
  ["llmhub.v1.ContentPart", { text: "hi" }, true],
  ["llmhub.v1.ContentPart", { text: "hi", refusal: "no" }, false],
  ["llmhub.v1.ContentPart", {}, false],
  ["llmhub.v1.CompleteRequest", { input: "hi", temperature: 2 }, true],
  ["llmhub.v1.CompleteRequest", { input: "hi", temperature: 2.1 }, false],
  ["llmhub.v1.CompleteRequest", { input: "hi", maxOutputTokens: 0 }, false],
  ["llmhub.v1.CompleteRequest", { input: "hi", view: "COMPLETION_VIEW_FULL" }, true],
  ["llmhub.v1.CompleteRequest", { input: "hi", view: "FULL" }, false],
  ["llmhub.v1.CompleteRequest", { input: "hi", labels: { team: "a" } }, true],
  ["llmhub.v1.CompleteRequest", { input: "hi", labels: { team: 1 } }, false],
  ["llmhub.v1.CompleteRequest", { model: "a b" }, false],
  ["llmhub.v1.CompleteRequest", { providerOptions: { openai: { anything: [1] } } }, true],
  ["llmhub.v1.Money", { currencyCode: "USD", amountNanos: "12" }, true],
  ["llmhub.v1.StreamOptions", { heartbeatInterval: "1.5s" }, true],
  ["llmhub.v1.StreamOptions", { heartbeatInterval: "soon" }, false],
  ["ChatCompletionRequest", { messages: [{ role: "user", content: "hi" }], temperature: null }, true],
  ["ChatCompletionRequest", { messages: [{ role: "user", content: "hi" }], n: 17 }, false],
  ["ChatCompletionRequest", { messages: [{ role: "nobody", content: "hi" }] }, false],
  ["ChatCompletionRequest", { messages: [{ role: "user", content: "hi" }], llmhub: { lossless: true } }, true],
  ["ChatCompletionRequest", { messages: [{ role: "user", content: "hi" }], llmhub: { model: "m" } }, false],
  ["ContentBlock", { type: "text", text: "hi" }, true],
  ["ContentBlock", { type: "text" }, false],
  ["ContentBlock", { type: "server_tool_use", id: "1" }, true],
])("%s and %j: %s", (name, value, expected) => {
  expect(takes(name, value)).toBe(expected);
});

import { readFileSync } from "node:fs";
import { toJson } from "@bufbuild/protobuf";
import { Ajv } from "ajv";
import fc from "fast-check";
import { expect, it } from "vitest";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { mistral } from "../../../src/providers/mistral/mistral.ts";
import { conversations } from "../../conformance/conversation.ts";
import { requestOf } from "../../support/every-dialect.ts";
import { bodyOf, embedBodyOf } from "../../support/provider-body.ts";

const model = "mistral-small-latest";
const spec = JSON.parse(
  readFileSync(new URL("../../fixtures/specs/mistral/openapi-trimmed.json", import.meta.url), "utf8"),
);

function validatorOf(schema: string) {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return ajv.addSchema(spec, "mistral").compile({ $ref: `mistral#/components/schemas/${schema}` });
}

it("asks for vectors as Mistral's description says", () => {
  const { path, body } = embedBodyOf(mistral, "codestral-embed", { inputs: ["hi"], dimensions: 256 });
  const validate = validatorOf("EmbeddingRequest");
  expect({ path, body, valid: validate(body), errors: validate.errors }).toMatchObject({
    path: "/embeddings",
    body: { output_dimension: 256 },
    valid: true,
  });
});

it("sends nothing that Mistral's own description of its API does not allow", () => {
  const validate = validatorOf("ChatCompletionRequest");
  fc.assert(
    fc.property(conversations, fc.boolean(), ({ request }, stream) => {
      const json = toJson(CompleteRequestSchema, requestOf(request));
      if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("a request is an object");
      try {
        const { body } = bodyOf(mistral, model, json, { stream });
        expect({ valid: validate(body), errors: validate.errors, body }).toEqual({ valid: true, errors: null, body });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        expect(error.reason).toBe("CAPABILITY_UNSUPPORTED");
      }
    }),
    { numRuns: 300 },
  );
});

it("names things as Mistral does, and warns of what it lacks", () => {
  const request = {
    messages: [{ text: "hi", name: "ann" }],
    seed: 7,
    maxOutputTokens: 9,
    temperature: 2,
    topLogprobs: 1,
    serviceTier: "flex",
    endUserId: "u",
    providerOptions: { mistral: { safe_prompt: true } },
  };
  const { body, warnings } = bodyOf(mistral, model, request, { stream: true });
  expect(body).toEqual({
    model,
    messages: [{ role: "user", content: "hi" }],
    random_seed: 7,
    max_tokens: 9,
    temperature: 1.5,
    stream: true,
    safe_prompt: true,
  });
  expect(warnings).toEqual([
    "SETTING_IGNORED messages[0].name",
    "SETTING_IGNORED top_logprobs",
    "SETTING_IGNORED service_tier",
    "SETTING_IGNORED end_user_id",
    "SETTING_CHANGED temperature",
  ]);
  expect(bodyOf(mistral, model, { input: "hi", seed: -1 })).toMatchObject({ warnings: ["SETTING_IGNORED seed"] });
});

it("gives calls of other providers ids of nine characters, the same for call and result", () => {
  const call = (id: string) => ({ toolCall: { id, name: "f", argumentsJson: "{}" } });
  const result = (toolCallId: string) => ({ toolResult: { toolCallId, content: [{ text: "1" }] } });
  const { body } = bodyOf(mistral, model, {
    messages: [
      { role: "ROLE_ASSISTANT", content: [call("call_123"), call("D681PevKs")] },
      { role: "ROLE_TOOL", content: [result("call_123"), result("D681PevKs")] },
    ],
  });
  const [said, first, second] = JSON.parse(JSON.stringify(body["messages"]));
  expect(said.tool_calls[0].id).toMatch(/^[A-Za-z0-9]{9}$/);
  expect([first.tool_call_id, second.tool_call_id]).toEqual([said.tool_calls[0].id, "D681PevKs"]);
});

it.each([
  ["mistral-small-latest", "none", "none", []],
  ["mistral-small-latest", "low", "high", ["SETTING_CHANGED reasoning.effort"]],
  ["mistral-large-latest", "low", "low", []],
  ["mistral-large-latest", "max", "high", ["SETTING_CHANGED reasoning.effort"]],
])("%s knows effort %s as %s", (name, effort, sent, warnings) => {
  const rendered = bodyOf(mistral, name, { input: "hi", reasoning: { effort } });
  expect(rendered.body).toHaveProperty("reasoning_effort", sent);
  expect(rendered.warnings).toEqual(warnings);
});

it("gives thinking back in the content, and marks an answer to go on with", () => {
  const signature = { provider: "mistral", value: "thinking" };
  const content = [{ reasoning: { text: "hm" }, signature }, { text: "144" }];
  const { body, warnings } = bodyOf(mistral, model, {
    messages: [{ text: "hi" }, { role: "ROLE_ASSISTANT", content }],
  });
  const thinking = { type: "thinking", thinking: [{ type: "text", text: "hm" }] };
  expect(body["messages"]).toEqual([
    { role: "user", content: "hi" },
    { role: "assistant", content: [thinking, { type: "text", text: "144" }], prefix: true },
  ]);
  expect(warnings).toEqual([]);
});

it("sends documents and sound in its own forms", () => {
  const media = (data: string, mimeType: string) => ({ media: { data, mimeType, filename: "a" } });
  const file = { media: { providerFile: { provider: "mistral", fileId: "f-1" } } };
  const content = [media("JVBERg==", "application/pdf"), media("AAAA", "audio/wav"), file];
  const { body } = bodyOf(mistral, model, { messages: [{ content }] });
  expect(body["messages"]).toMatchObject([
    {
      content: [
        { type: "document_url", document_url: "data:application/pdf;base64,JVBERg==", document_name: "a" },
        { type: "input_audio", input_audio: "AAAA" },
        { type: "file", file_id: "f-1" },
      ],
    },
  ]);
});

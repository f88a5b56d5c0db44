import { readFileSync } from "node:fs";
import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { openai } from "../../../src/providers/openai/openai.ts";
import { conversations } from "../../conformance/conversation.ts";
import { attemptAt } from "../../support/attempt.ts";
import { requestOf } from "../../support/every-dialect.ts";
import { bodyOf, embedBodyOf, protocolOf } from "../../support/provider-body.ts";

/** OpenAI's own description of its API: what it lets a request be. Several of its alternatives overlap. */
const spec = JSON.parse(
  readFileSync(new URL("../../fixtures/specs/openai/openapi-requests.json", import.meta.url), "utf8").replaceAll(
    '"oneOf"',
    '"anyOf"',
  ),
);

/** Tells what is wrong with a body: what the schema says, and fields that it does not know. */
function judgeOf(schema: string): (body: JsonObject) => object {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const validate = ajv.addSchema(spec, "openai").compile({ $ref: `openai#/components/schemas/${schema}` });
  const fields = fieldsOf(schema);
  return (body) => ({
    errors: validate(body) ? [] : validate.errors,
    unknown: Object.keys(body).filter((name) => !fields.has(name)),
  });
}

function fieldsOf(name: string): Set<string> {
  const { properties = {}, allOf = [] } = spec.components.schemas[name];
  const names = new Set(Object.keys(properties));
  for (const part of allOf) {
    const more = part.$ref === undefined ? Object.keys(part.properties ?? {}) : fieldsOf(part.$ref.split("/").at(-1));
    for (const field of more) names.add(field);
  }
  return names;
}

const fine = { errors: [], unknown: [] };
const png = { data: "iVBORw0KGgo=", mimeType: "image/png" };

describe.each([
  ["CreateChatCompletionRequest", "gpt-4o", ["chat/completions"]],
  ["CreateChatCompletionRequest", "gpt-5-mini", ["chat/completions"]],
  ["CreateResponse", "gpt-5-pro", ["responses"]],
  ["CreateResponse", "gpt-9-codex", ["responses"]],
])("%s, with %s,", (schema, model, [path]) => {
  const judge = judgeOf(schema);

  it("allows whatever is sent for any conversation", () => {
    fc.assert(
      fc.property(conversations, fc.boolean(), ({ request }, stream) => {
        const json = toJson(CompleteRequestSchema, requestOf(request)) as JsonObject;
        try {
          const sent = bodyOf(openai, model, json, { stream });
          expect({ path: sent.path, ...judge(sent.body), body: sent.body }).toEqual({
            path: `/${path}`,
            ...fine,
            body: sent.body,
          });
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          expect(error.reason).toBe("CAPABILITY_UNSUPPORTED");
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, JsonObject]>([
    ["little output", { maxOutputTokens: 1 }],
    ["a long id of the user", { endUserId: "u".repeat(200) }],
    [
      "files by upload and bytes",
      {
        messages: [
          {
            content: [
              { media: png },
              { media: { data: "JVBERg==", mimeType: "application/pdf" } },
              { media: { providerFile: { provider: "openai", fileId: "f" } } },
            ],
          },
        ],
      },
    ],
    ["a schema", { responseFormat: { jsonSchema: { schema: { type: "object" }, strict: true } } }],
    ["an object", { responseFormat: { jsonObject: {} } }],
    ["parallel tools", { tools: [{ function: { name: "f" } }], toolChoice: { toolName: "f", parallel: true } }],
  ])("allows %s", (_, request) => {
    expect(judge(bodyOf(openai, model, { input: "hi", ...request }).body)).toEqual(fine);
  });

  it("would tell a mistake", () => {
    const { body } = bodyOf(openai, model, { input: "hi" });
    expect(judge({ ...body, temperature: "hot", warmth: 1 })).toMatchObject({
      errors: [{ instancePath: "/temperature" }, {}, {}],
      unknown: ["warmth"],
    });
  });
});

describe("CreateResponse", () => {
  const judge = judgeOf("CreateResponse");
  const id = (value: object) => ({ provider: "openai", value: JSON.stringify(value) });

  it("allows what the model said to be given back", () => {
    const content = [
      { reasoning: { text: "Hm", summary: true }, signature: id({ id: "rs_1" }) },
      { reasoning: { encryptedContent: "S" }, signature: id({ id: "rs_1" }) },
      { text: "So", signature: id({ phase: "commentary" }) },
      { text: "So", citations: [{ uri: "https://a.test", title: "A", startCodePoint: 0, endCodePoint: 2 }] },
      { refusal: "No" },
      { toolCall: { id: "c".repeat(100), name: "f", argumentsJson: "{}" } },
    ];
    const result = { toolCallId: "c".repeat(100), content: [{ text: "r" }, { media: png }] };
    const messages = [
      { role: "ROLE_ASSISTANT", content },
      { role: "ROLE_TOOL", content: [{ toolResult: result }] },
    ];
    const { body, warnings } = bodyOf(openai, "gpt-5-pro", { messages });
    expect({ ...judge(body), warnings }).toEqual({ ...fine, warnings: [] });
    expect(body["input"]).toHaveLength(5);
  });

  it("allows the server's own tools, and the choice of them", () => {
    const tools = ["web_search", "code_interpreter"].map((tool) => ({
      providerTool: { id: `openai.${tool}`, config: tool === "web_search" ? {} : { container: { type: "auto" } } },
    }));
    const { body } = bodyOf(openai, "gpt-5-pro", { input: "hi", tools, toolChoice: { toolName: "code_interpreter" } });
    expect(judge(body)).toEqual(fine);
  });
});

it("TokenCountsBody allows what is counted", () => {
  const judge = judgeOf("TokenCountsBody");
  const { count } = protocolOf(openai, "gpt-5-pro");
  fc.assert(
    fc.property(conversations, ({ request }) => {
      const at = { kind: "openai", model: "gpt-5-pro", facts: openai.models().get("gpt-5-pro") };
      if (at.facts === undefined) throw new Error("no facts");
      try {
        const rendered = count?.render(attemptAt({ ...at, facts: at.facts }, requestOf(request)));
        expect(rendered?.path).toBe("/responses/input_tokens");
        const body: JsonObject = JSON.parse(JSON.stringify(rendered?.body));
        expect({ ...judge(body), body }).toEqual({ ...fine, body });
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
      }
    }),
  );
  expect(count?.read('{"object":"response.input_tokens","input_tokens":11}')).toMatchObject({ inputTokens: 11 });
  expect(() => count?.read("{}")).toThrow(expect.objectContaining({ info: { cause: "bad_count" } }));
});

it("CreateEmbeddingRequest allows what is sent for vectors", () => {
  const request = { inputs: ["a", "b"], dimensions: 8, purpose: "EMBEDDING_PURPOSE_QUERY", truncate: true };
  const { body } = embedBodyOf(openai, "text-embedding-3-small", request);
  expect(judgeOf("CreateEmbeddingRequest")(body)).toEqual(fine);
});

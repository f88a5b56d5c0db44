import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { estimateInput, estimateTokens, tokensOfBytes } from "../../src/model/estimate.ts";

test("a token is four bytes of UTF-8, rounded up", () => {
  expect(["", "a", "abcd", "abcde", "ééé", "🙂🙂"].map(estimateTokens)).toEqual([0, 1, 1, 2, 2, 2]);
});

test("text and its length in bytes give the same", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(estimateTokens(text)).toBe(tokensOfBytes(Buffer.byteLength(text)));
    }),
  );
});

test("everything the model reads counts", () => {
  const words = "four".repeat(5);
  const request = create(CompleteRequestSchema, {
    system: words,
    input: words,
    messages: [
      { text: words },
      { content: [{ part: { case: "text", value: words } }, { part: { case: "refusal", value: words } }] },
      { content: [{ part: { case: "toolCall", value: { name: words, argumentsJson: words } } }] },
      {
        content: [
          {
            part: {
              case: "toolResult",
              value: {
                content: [
                  { part: { case: "json", value: words } },
                  { part: { case: "document", value: { title: words, body: { case: "text", value: words } } } },
                ],
              },
            },
          },
        ],
      },
      { content: [{ part: { case: "reasoning", value: { text: words } } }] },
    ],
    tools: [
      {
        kind: {
          case: "function",
          value: { name: words, description: words, inputSchema: { case: "parametersJson", value: words } },
        },
      },
    ],
    responseFormat: {
      format: { case: "jsonSchema", value: { name: words, definition: { case: "schemaJson", value: words } } },
    },
  });
  // 16 texts of 5 tokens; 7 messages of 4, the shorthands among them.
  expect(estimateInput(request)).toBe(16 * 5 + 7 * 4);
});

test("a schema counts the same as an object and as text", () => {
  const schema = { type: "object", properties: { city: { type: "string" } } };
  const tool = (inputSchema: object) =>
    estimateInput(
      create(CompleteRequestSchema, { tools: [{ kind: { case: "function", value: { inputSchema } } }] } as never),
    );
  expect(tool({ case: "parameters", value: schema })).toBe(
    tool({ case: "parametersJson", value: JSON.stringify(schema) }),
  );
});

test("images count flat, text files by their length", () => {
  const file = (mimeType: string, detail: string, bytes: number) =>
    estimateInput(
      create(CompleteRequestSchema, {
        messages: [
          {
            content: [
              {
                part: {
                  case: "media",
                  value: { source: { case: "data", value: new Uint8Array(bytes) }, mimeType, detail },
                },
              },
            ],
          },
        ],
      }),
    );
  expect(file("image/png", "", 1_000_000)).toBe(1604);
  expect(file("image/png", "low", 1_000_000)).toBe(89);
  expect(file("text/plain", "", 400)).toBe(104);
});

import type { Documented } from "../docs.ts";
import { chatAnswer, chatChunk, chatError } from "./answer-schema.ts";
import { chatBody } from "./schema.ts";

const weather = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

/** What the description of the API says of chat completions. */
export const chatDocs = {
  "POST /v1/chat/completions": {
    tag: "OpenAI-compatible",
    operationId: "createChatCompletion",
    summary: "Complete a conversation",
    description:
      "OpenAI's chat completions, whatever the provider behind. With stream the answer is server-sent events; the data of " +
      "each is one of the forms below, and of the last one [DONE]. A stream that breaks ends with an error and without " +
      "[DONE]; comments keep a silent connection alive. Fields that are not listed are left to the provider.",
    request: [chatBody],
    answer: [chatAnswer],
    events: [chatChunk, chatError],
    errors: [chatError],
    heedsIdempotencyKey: true,
    tellsFacts: true,
    examples: {
      text: {
        summary: "A question",
        body: { model: "simulator/claude", messages: [{ role: "user", content: "Say hi" }] },
      },
      stream: {
        summary: "A stream that tells its usage",
        body: {
          model: "simulator/claude",
          messages: [{ role: "user", content: "Say hi" }],
          stream: true,
          stream_options: { include_usage: true },
        },
      },
      tools: {
        summary: "A tool to call",
        body: {
          model: "simulator/gpt",
          messages: [{ role: "user", content: "What is the weather in Paris?" }],
          tools: [weather],
          tool_choice: "required",
        },
      },
      "tool-result": {
        summary: "The result of a tool, and what the model makes of it",
        body: {
          model: "simulator/gpt",
          messages: [
            { role: "user", content: "What is the weather in Paris?" },
            {
              role: "assistant",
              content: null,
              tool_calls: [
                { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
              ],
            },
            { role: "tool", tool_call_id: "call_1", content: "sunny" },
          ],
          tools: [weather],
        },
      },
      schema: {
        summary: "An answer that keeps to a JSON Schema, and what only the hub can say",
        body: {
          model: "simulator/gpt",
          messages: [{ role: "user", content: "A person" }],
          response_format: {
            type: "json_schema",
            json_schema: {
              name: "person",
              strict: true,
              schema: {
                type: "object",
                properties: { name: { type: "string" }, age: { type: "integer" } },
                required: ["name", "age"],
                additionalProperties: false,
              },
            },
          },
          llmhub: { cache: { mode: "CACHE_MODE_BYPASS" }, lossless: true },
        },
      },
    },
  },
} as const satisfies Documented;

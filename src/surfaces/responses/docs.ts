import { chatError } from "../chat/answer-schema.ts";
import type { Documented } from "../docs.ts";
import { responseAnswer, responseEvent } from "./answer-schema.ts";
import { responsesBody } from "./schema.ts";

/** What the description of the API says of Responses. */
export const responsesDocs = {
  "POST /v1/responses": {
    tag: "OpenAI-compatible",
    operationId: "createResponse",
    summary: "Complete a conversation, by items",
    description:
      "OpenAI's Responses, whatever the provider behind. Answers are not stored: the whole conversation is sent as items of " +
      "input, and previous_response_id is refused. With stream the answer is server-sent events. A stream that breaks ends " +
      "with response.failed and error. Fields that are not listed are left to the provider.",
    request: [responsesBody],
    answer: [responseAnswer],
    events: [responseEvent],
    errors: [chatError],
    heedsIdempotencyKey: true,
    tellsFacts: true,
    examples: {
      text: { summary: "A question", body: { model: "simulator/gpt", input: "Say hi" } },
      stream: {
        summary: "A stream, with reasoning",
        body: {
          model: "simulator/claude",
          instructions: "Be brief.",
          input: [{ role: "user", content: "Say hi" }],
          reasoning: { effort: "low", summary: "auto" },
          stream: true,
        },
      },
      tools: {
        summary: "A tool to call, in a stream",
        body: {
          model: "simulator/gpt",
          input: "What is the weather in Paris?",
          tools: [
            {
              type: "function",
              name: "get_weather",
              description: "Weather of a city",
              parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
              strict: false,
            },
          ],
          tool_choice: "required",
          stream: true,
        },
      },
    },
  },
} as const satisfies Documented;

import type { Documented, RouteParameter } from "../docs.ts";
import { countAnswer, messageAnswer, messageEvent, messagesError } from "./answer-schema.ts";
import { countBody, messagesBody } from "./schema.ts";

const tag = "Anthropic-compatible";

const parameters: readonly RouteParameter[] = [
  {
    name: "anthropic-version",
    in: "header",
    description: "Version of Anthropic's API. Clients send it; every version is answered alike.",
  },
  {
    name: "anthropic-beta",
    in: "header",
    description: "Features in beta, for Anthropic's own models. Names with commas between them.",
  },
];

/** What the description of the API says of messages. */
export const messagesDocs = {
  "POST /v1/messages": {
    tag,
    operationId: "createMessage",
    summary: "Complete a conversation",
    description:
      "Anthropic's messages, whatever the provider behind. With stream the answer is server-sent events. A stream that " +
      "breaks ends with the event error and without message_stop. Fields that are not listed are left to the provider.",
    parameters,
    request: [messagesBody],
    answer: [messageAnswer],
    events: [messageEvent],
    errors: [messagesError],
    heedsIdempotencyKey: true,
    tellsFacts: true,
    examples: {
      text: {
        summary: "A question",
        body: { model: "simulator/gpt", max_tokens: 100, messages: [{ role: "user", content: "Say hi" }] },
      },
      stream: {
        summary: "A stream, with thinking",
        body: {
          model: "simulator/claude",
          max_tokens: 2000,
          messages: [{ role: "user", content: "Say hi" }],
          thinking: { type: "enabled", budget_tokens: 1024 },
          stream: true,
        },
      },
      tools: {
        summary: "A tool to call",
        body: {
          model: "simulator/gpt",
          max_tokens: 200,
          system: "Be brief.",
          messages: [{ role: "user", content: "What is the weather in Paris?" }],
          tools: [
            {
              name: "get_weather",
              description: "Weather of a city",
              input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
            },
          ],
          tool_choice: { type: "any" },
        },
      },
    },
  },
  "POST /v1/messages/count_tokens": {
    tag,
    operationId: "countMessageTokens",
    summary: "Count the tokens of a request",
    description: "The provider's own count where it has one, else an estimate. Nothing is generated.",
    parameters,
    request: [countBody],
    answer: [countAnswer],
    errors: [messagesError],
    examples: {
      text: {
        summary: "The tokens of a question",
        body: { model: "simulator/gpt", messages: [{ role: "user", content: "Say hi" }] },
      },
    },
  },
} as const satisfies Documented;

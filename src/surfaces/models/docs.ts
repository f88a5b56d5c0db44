import { chatError } from "../chat/answer-schema.ts";
import type { Documented, RouteParameter } from "../docs.ts";
import { messagesError } from "../messages/answer-schema.ts";
import { anthropicModel, anthropicModels, openaiModel, openaiModels } from "./answer-schema.ts";

const tag = "OpenAI-compatible";
const errors = [chatError, messagesError];

const version: RouteParameter = {
  name: "anthropic-version",
  in: "header",
  description: "If it is there, the answer has the form of Anthropic's API; else that of OpenAI's.",
};
const anthropic = { "anthropic-version": "2023-06-01" };

/** What the description of the API says of models. */
export const modelDocs = {
  "GET /v1/models": {
    tag,
    operationId: "listModels",
    summary: "List the models",
    description: "Every name that the caller may use, models and aliases alike, for clients of both APIs.",
    parameters: [version],
    answer: [openaiModels, anthropicModels],
    errors,
    examples: {
      openai: { summary: "In the form of OpenAI's API" },
      anthropic: { summary: "In the form of Anthropic's API", headers: anthropic },
    },
  },
  "GET /v1/models/{model}": {
    tag,
    operationId: "getModel",
    summary: "Look a model up",
    description: "What is known of a model or an alias.",
    parameters: [
      { name: "model", in: "path", description: "An alias or a model; the slash in it may stand as it is." },
      version,
    ],
    answer: [openaiModel, anthropicModel],
    errors,
    examples: {
      openai: { summary: "In the form of OpenAI's API", parameter: "simulator/gpt" },
      anthropic: { summary: "In the form of Anthropic's API", parameter: "simulator/claude", headers: anthropic },
    },
  },
} as const satisfies Documented;

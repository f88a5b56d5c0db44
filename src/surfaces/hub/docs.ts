import {
  CompleteRequestSchema,
  CompleteResponseSchema,
  StreamCompleteRequestSchema,
  StreamCompleteResponseSchema,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import { ListProvidersRequestSchema, ListProvidersResponseSchema } from "../../../gen/llmhub/v1/model_service_pb.ts";
import type { Documented, RouteDocs } from "../docs.ts";
import { hubError, probeAnswer } from "./answer-schema.ts";

const tag = "The hub's own API";

const unready = { 503: { description: "It is not ready.", answer: probeAnswer } };

function probe(operationId: string, summary: string, description: string, others: RouteDocs["others"] = {}): RouteDocs {
  return {
    tag: "Probes",
    operationId,
    summary,
    description,
    isOpen: true,
    answer: [probeAnswer],
    others,
    examples: { probe: { summary: "Ask" } },
  };
}

/** What the description of the API says of the hub's own JSON, and of probes. */
export const hubDocs = {
  "POST /v1/completions": {
    tag,
    operationId: "complete",
    summary: "Complete a conversation",
    description:
      "The call Complete of llmhub.v1.CompletionService in ProtoJSON. Fields that are not listed are refused, and so is " +
      "the body of OpenAI's prompt completions.",
    request: [CompleteRequestSchema],
    answer: [CompleteResponseSchema],
    errors: [hubError],
    heedsIdempotencyKey: true,
    examples: {
      text: { summary: "A question", body: { input: "Say hi" } },
      conversation: {
        summary: "A conversation, with a model and an upper bound",
        body: {
          model: "simulator/gpt",
          system: "Be brief.",
          messages: [{ role: "ROLE_USER", text: "Say hi" }],
          maxOutputTokens: 50,
        },
      },
    },
  },
  "POST /v1/stream": {
    tag,
    operationId: "streamComplete",
    summary: "Complete a conversation, in a stream",
    description:
      "The call StreamComplete of llmhub.v1.CompletionService in ProtoJSON; in place of a StreamCompleteRequest the " +
      "CompleteRequest in it will do. The answer is server-sent events whose id is the sequence number. A stream that " +
      "breaks ends with the event error.",
    request: [CompleteRequestSchema, StreamCompleteRequestSchema],
    answer: "text/event-stream",
    events: [StreamCompleteResponseSchema, hubError],
    errors: [hubError],
    heedsIdempotencyKey: true,
    examples: {
      text: { summary: "A question", body: { input: "Say hi" } },
      options: {
        summary: "With options of the stream",
        body: { request: { input: "Say hi" }, options: { heartbeatInterval: "5s" } },
      },
    },
  },
  "GET /v1/providers": {
    tag,
    operationId: "listProviders",
    summary: "List the providers",
    description: "The providers that the caller may use, a page at a time.",
    query: ListProvidersRequestSchema,
    answer: [ListProvidersResponseSchema],
    errors: [hubError],
    examples: {
      all: { summary: "The first page" },
      page: { summary: "One on a page", query: { pageSize: "1" } },
    },
  },
  "GET /live": probe("live", "Whether the gateway lives", "200 as long as it answers at all."),
  "GET /ready": probe("ready", "Whether the gateway wants calls", "503 while it starts and drains.", unready),
  "GET /health": probe("health", "Whether the gateway wants calls", "The same as /ready.", unready),
} as const satisfies Documented;

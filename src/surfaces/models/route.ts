import { create } from "@bufbuild/protobuf";
import {
  type GetModelResponse,
  GetModelResponseSchema,
  ListModelsRequestSchema,
  ListModelsResponseSchema,
  type Model,
} from "../../../gen/llmhub/v1/model_service_pb.ts";
import type { Caller } from "../../model/call.ts";
import { getModel, listModels, type ModelView } from "../../services/models.ts";
import { callerWords, speaksMessages } from "../caller-words.ts";
import type { HttpRequest, Route, WholeAnswer } from "../route.ts";

/** Names that a list holds: a page of a picker, not a catalogue. */
const pageSize = 1000;
const pagesMax = 20;

/** A name that calls may use, and the model that it leads to. */
interface Named {
  readonly id: string;
  readonly model: Model;
}

/** How an API tells of models. */
interface Form {
  one(named: Named): object;
  list(all: readonly Named[]): object;
}

/** Every name that the caller may use, models and aliases alike, as clients of OpenAI's API read them. */
export function modelRoutes(models: () => ModelView): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/v1/models",
      chained: false,
      words: callerWords,
      read:
        (_, { headers }) =>
        async ({ caller }) =>
          told(formOf(headers).list(await namesFor(models(), caller))),
    },
    {
      method: "GET",
      path: "/v1/models/{model}",
      chained: false,
      words: callerWords,
      read:
        (_, { headers, parameter }) =>
        async ({ caller }) => {
          const found: GetModelResponse = create(GetModelResponseSchema, getModel(models(), caller, parameter));
          if (found.model === undefined) throw new Error("a model without facts");
          return told(formOf(headers).one({ id: parameter, model: found.model }));
        },
    },
  ];
}

const openaiForm: Form = {
  one: ({ id, model }) => ({
    id,
    object: "model",
    // Nobody tells when a model was made.
    created: 0,
    owned_by: ownerOf(model),
    ...contextOf(model),
  }),
  list: (all) => ({ object: "list", data: all.map(openaiForm.one) }),
};

const anthropicForm: Form = {
  one: ({ id, model }) => ({
    type: "model",
    id,
    display_name: model.displayName,
    created_at: "1970-01-01T00:00:00Z",
  }),
  list: (all) => ({
    data: all.map(anthropicForm.one),
    has_more: false,
    first_id: all[0]?.id ?? null,
    last_id: all.at(-1)?.id ?? null,
  }),
};

function formOf(headers: HttpRequest["headers"]): Form {
  return speaksMessages(headers) ? anthropicForm : openaiForm;
}

async function namesFor(view: ModelView, caller: Caller): Promise<readonly Named[]> {
  const named: Named[] = [];
  const seen = new Set<string>();
  let pageToken = "";
  for (let page = 0; page < pagesMax; page++) {
    const request = create(ListModelsRequestSchema, { pageSize, pageToken });
    const { models, nextPageToken } = create(ListModelsResponseSchema, await listModels(view, caller, request));
    for (const model of models) {
      for (const id of [...model.aliases, model.selector]) {
        if (!seen.has(id)) named.push({ id, model });
        seen.add(id);
      }
    }
    pageToken = nextPageToken;
    if (pageToken === "") break;
  }
  return named.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function ownerOf({ name }: Model): string {
  return name.split("/")[1] ?? "";
}

function contextOf({ capabilities }: Model): object {
  const { contextWindow = 0, maxOutputTokens = 0 } = capabilities ?? {};
  return {
    ...(contextWindow === 0 ? {} : { context_window: contextWindow }),
    ...(maxOutputTokens === 0 ? {} : { max_output_tokens: maxOutputTokens }),
  };
}

function told(body: object): WholeAnswer {
  return { kind: "whole", body: JSON.stringify(body) };
}

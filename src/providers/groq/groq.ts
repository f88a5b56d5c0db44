import { catalogOf } from "../../catalog/catalog.ts";
import type { Protocol } from "../../model/protocol.ts";
import { noteFields, type OwnFields } from "../../protocols/chat-completions/own-fields.ts";
import { chatCompletions } from "../../protocols/chat-completions/protocol.ts";
import { readChat } from "../../protocols/chat-completions/read.ts";
import type { ChatAnswer, ChatBody } from "../../protocols/chat-completions/wire.ts";
import { objectOf } from "../../protocols/field.ts";
import { bearer } from "../authorize.ts";
import { namesIn } from "../model-names.ts";
import type { ProviderFacts } from "../provider.ts";
import { renderGroq } from "./render.ts";

/** Streams count under x_groq, where the id of the request is too. */
const own: OwnFields = {
  usage: (piece: GroqAnswer) => objectOf(piece.x_groq)?.["usage"],
  note: ({ x_groq }: GroqAnswer, metadata) => noteFields(x_groq, ["id", "seed"], metadata),
};

interface GroqAnswer extends ChatAnswer {
  readonly x_groq?: unknown;
}

const dialect: Protocol<ChatBody> = {
  ...chatCompletions,
  render: renderGroq,
  read: (attempt) => readChat(attempt, own),
};

/** Groq (console.groq.com/docs). Its models are those of others, so no name leads here. */
export const groq: ProviderFacts = {
  kind: "groq",
  displayName: "Groq",
  baseUrl: "https://api.groq.com/openai/v1",
  keyVariable: "GROQ_API_KEY",
  keyRequired: true,
  authorize: bearer,
  dialects: () => ({ generate: () => dialect }),
  models: () => catalogOf("groq"),
  defaultModel: "openai/gpt-oss-20b",
  healthPath: "/models",
  modelNames: namesIn("data", "id"),
};

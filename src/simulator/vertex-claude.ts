import type { Asking, Dialect, Operation } from "./dialect.ts";
import { geminiFault } from "./gemini-fault.ts";
import { doubtGoogle } from "./google-credential.ts";
import { type JsonObject, string } from "./json.ts";
import { messages } from "./messages.ts";

const place = /\/publishers\/anthropic\/models\/(.+):(rawPredict|streamRawPredict)$/;
/** Stands where the name of a model does, and counts for the one in the body. */
const counter = "count-tokens";

/** The messages format as Vertex AI serves it: the model is named in the path, the version in the body, and Google looks at keys. */
export const vertexClaude: Dialect = {
  ...messages,
  name: "vertex-claude",
  mark: undefined,
  doubt: doubtGoogle,
  operation: (method, path): Operation | undefined => {
    const model = method === "POST" ? place.exec(path)?.[1] : undefined;
    return model === undefined ? undefined : model === counter ? "count" : "generate";
  },
  model: modelOf,
  fault: (detail) => (detail.doubt === undefined ? messages.fault(detail) : geminiFault(detail)),
  read: (body, asking) =>
    messages.read({ ...body, ...called(body, asking) }, { ...asking, header: headerOf(body, asking) }),
};

function modelOf(body: JsonObject, path: string): string {
  const model = place.exec(path)?.[1] ?? "";
  return model === counter ? string(body["model"]) : model;
}

function called(body: JsonObject, { path }: Asking): JsonObject {
  return { model: modelOf(body, path), stream: place.exec(path)?.[2] === "streamRawPredict" };
}

function headerOf(body: JsonObject, { header }: Asking): Asking["header"] {
  return (name) => (name === "anthropic-version" ? string(body["anthropic_version"]) : header(name));
}

import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { unknownFacts } from "../../src/catalog/facts.ts";
import type { Protocol, Rendered } from "../../src/model/protocol.ts";
import type { ProviderFacts, Settings } from "../../src/providers/provider.ts";
import { attemptAt } from "./attempt.ts";

/** What differs from a call that is not streamed, of a provider without settings. */
export interface Wish {
  readonly stream?: boolean;
  readonly settings?: Settings;
}

/** A request as it goes out, in JSON, and its warnings as "CODE path". */
export interface ProviderRequest extends Pick<Rendered, "path" | "headers"> {
  readonly body: Readonly<Record<string, JsonValue>>;
  readonly warnings: readonly string[];
}

/** The protocol that a kind of provider speaks with a model. */
export function protocolOf(facts: ProviderFacts, model: string, settings: Settings = {}): Protocol {
  const protocol = facts.dialects(settings).generate?.(model);
  if (protocol === undefined) throw new Error(`${facts.kind} generates nothing with ${model}`);
  return protocol;
}

/** The request of a kind of provider for a model, with the facts of the shipped table if the model is there. */
export function bodyOf(
  facts: ProviderFacts,
  model: string,
  request: JsonObject,
  { stream = false, settings = {} }: Wish = {},
): ProviderRequest {
  const message = fromJson(CompleteRequestSchema, { model, ...request });
  const target = { kind: facts.kind, model, facts: facts.models().get(model) ?? unknownFacts };
  const { body, warnings, ...rest } = protocolOf(facts, model, settings).render(attemptAt(target, message, stream));
  return {
    ...rest,
    body: JSON.parse(JSON.stringify(body)),
    warnings: warnings.map(({ code, field }) => `${code} ${field}`),
  };
}

/** The request for vectors of a kind of provider. */
export function embedBodyOf(
  facts: ProviderFacts,
  model: string,
  request: JsonObject,
  settings: Settings = {},
): Pick<ProviderRequest, "path" | "body"> {
  const message = fromJson(EmbedRequestSchema, { model, ...request });
  const dialect = facts.dialects(settings).embed?.(model);
  if (dialect === undefined) throw new Error(`${facts.kind} makes no vectors with ${model}`);
  const target = { kind: facts.kind, model, facts: facts.models().get(model) ?? unknownFacts };
  const { path, body } = dialect.render(attemptAt(target, message));
  return { path, body: JSON.parse(JSON.stringify(body)) };
}

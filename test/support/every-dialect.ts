import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { unknownFacts } from "../../src/catalog/facts.ts";
import type { EmbedDialect, Protocol, RerankDialect } from "../../src/model/protocol.ts";
import type { ModelFacts } from "../../src/model/target.ts";
import { providerKinds } from "../../src/providers/index.ts";
import type { ProviderFacts } from "../../src/providers/provider.ts";

/** Settings that every kind can be opened with; each takes those it knows. */
const values: Readonly<Record<string, string>> = {
  region: "us-east-1",
  project: "p-1",
  location: "us-central1",
  resource: "r-1",
  program: "/usr/bin/true",
};

/** Settings besides that lead a kind to another dialect. */
const variants: Readonly<Record<string, Readonly<Record<string, string>>>> = { bedrock: { api: "invoke" } };

/** Models beside the first of the catalogue whose names lead a kind to another dialect. */
const others: Readonly<Record<string, readonly string[]>> = {
  simulator: ["gpt", "claude", "gemini", "ollama", "command", "responses", "converse"],
  vertex: ["claude-sonnet-4-5@20250929", "meta/llama-4-scout-17b-16e-instruct-maas", "gemini-2.5-flash"],
  openai: ["gpt-5-pro", "text-embedding-3-small"],
  bedrock: ["amazon.titan-embed-text-v2:0", "cohere.embed-english-v3", "cohere.rerank-v3-5:0"],
  voyage: ["voyage-3", "rerank-2"],
};

/** A dialect of an operation with a model that leads to it. */
export interface Spoken<D> {
  readonly kind: string;
  readonly model: string;
  readonly facts: ModelFacts;
  readonly dialect: D;
}

/** Every protocol of every kind, once per kind and dialect. */
export const protocols: readonly Spoken<Protocol>[] = spoken((facts) => facts.generate);
/** Every dialect of embeddings. */
export const embedDialects: readonly Spoken<EmbedDialect>[] = spoken((facts) => facts.embed);
/** Every dialect of reranking. */
export const rerankDialects: readonly Spoken<RerankDialect>[] = spoken((facts) => facts.rerank);

function spoken<D extends { readonly name: string }>(
  of: (
    dialects: ReturnType<ProviderFacts["dialects"]>,
  ) => ((model: string, facts?: ModelFacts) => D | undefined) | undefined,
): Spoken<D>[] {
  return [...providerKinds.values()].flatMap((facts) => {
    const names = Object.keys(facts.settings ?? {}).filter((name) => values[name] !== undefined);
    const needed = Object.fromEntries(names.map((name) => [name, values[name]]));
    const models = facts.models();
    const seen = new Map<D, Spoken<D>>();
    for (const settings of [needed, { ...needed, ...variants[facts.kind] }]) {
      const find = of(facts.dialects(settings));
      for (const model of [...(others[facts.kind] ?? []), models.keys().next().value ?? "m-1"]) {
        const known = models.get(model) ?? unknownFacts;
        const dialect = find?.(model, known);
        if (dialect === undefined || [...seen.keys()].some(({ name }) => name === dialect.name)) continue;
        seen.set(dialect, { kind: facts.kind, model, facts: known, dialect });
      }
    }
    return [...seen.values()];
  });
}

/** A request to complete. */
export function requestOf(init: MessageInitShape<typeof CompleteRequestSchema>): CompleteRequest {
  return create(CompleteRequestSchema, init);
}

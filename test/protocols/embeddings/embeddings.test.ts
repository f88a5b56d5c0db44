import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EmbeddingPurpose, EmbedRequestSchema } from "../../../gen/llmhub/v1/embedding_pb.ts";
import { unknownFacts } from "../../../src/catalog/facts.ts";
import { GatewayError } from "../../../src/model/error.ts";
import type { Piece } from "../../../src/model/reply.ts";
import type { Vectors } from "../../../src/model/vectors.ts";
import { embeddings } from "../../../src/protocols/embeddings/protocol.ts";
import { attemptAt } from "../../support/attempt.ts";
import { pieces } from "../../support/pieces.ts";

const at = { kind: "openai", model: "text-embedding-3-small", facts: unknownFacts };
const attempt = (init: MessageInitShape<typeof EmbedRequestSchema>) => attemptAt(at, create(EmbedRequestSchema, init));
const two = attempt({ inputs: ["a", "b"] });

function read(body: unknown, of = two, cuts: readonly number[] = []): Piece<Vectors>[] {
  const reader = embeddings.read(of);
  const out: Piece<Vectors>[] = [];
  for (const piece of pieces(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)), cuts)) {
    reader.push(piece, out);
  }
  reader.end(out);
  return out;
}

const entry = (index: number, embedding: unknown) => ({ object: "embedding", index, embedding });
const base64 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString("base64");

describe("a request", () => {
  test("asks for base64, and tells what it cannot say", () => {
    const { path, body, warnings } = embeddings.render(
      attempt({ inputs: ["a", "b"], dimensions: 256, purpose: EmbeddingPurpose.QUERY, truncate: true }),
    );
    expect({ path, body }).toEqual({
      path: "/embeddings",
      body: { model: at.model, input: ["a", "b"], encoding_format: "base64", dimensions: 256 },
    });
    expect(warnings.map(({ code, field }) => `${code} ${field}`)).toEqual([
      "SETTING_IGNORED purpose",
      "SETTING_IGNORED truncate",
    ]);
  });

  test("takes options, but none that change what is asked", () => {
    const { body, warnings } = embeddings.render(
      attempt({ inputs: ["a"], providerOptions: { openai: { encoding_format: "float", user: "u" } } }),
    );
    expect(body).toEqual({ model: at.model, input: ["a"], encoding_format: "float", user: "u" });
    expect(warnings).toEqual([]);
    const other = attempt({ inputs: ["a"], providerOptions: { openai: { input: ["b"] } } });
    expect(() => embeddings.render(other)).toThrow("provider_options.input");
  });
});

describe("an answer", () => {
  test("may be in numbers or base64 and in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.boolean(), (cuts, packed) => {
        const vector = (...values: number[]) => (packed ? base64(...values) : values);
        const data = [entry(1, vector(0.5, -1)), entry(0, vector(0.25, 2))];
        const [value, finished] = read({ data, model: "m-2", usage: { prompt_tokens: 9, total_tokens: 9 } }, two, cuts);
        expect(value).toEqual({ case: "value", value: [Float32Array.of(0.25, 2), Float32Array.of(0.5, -1)] });
        expect(finished).toMatchObject({ case: "finished", value: { usage: { inputTokens: 9, outputTokens: 0 } } });
      }),
    );
  });

  test("without indices is in the order of the texts, and without a count leaves the usage open", () => {
    const data = [{ embedding: [1] }, { embedding: [2] }];
    const [value, finished] = read({ data });
    expect(value).toMatchObject({ value: [Float32Array.of(1), Float32Array.of(2)] });
    expect(finished?.case === "finished" && finished.value.usage).toBeUndefined();
    const counted = read({ data, usage: { total_tokens: 3 } })[1];
    expect(counted).toMatchObject({ value: { usage: { inputTokens: 3 } } });
  });

  test.each([
    ["no list", { object: "list" }, "bad_vector"],
    ["one vector too few", { data: [entry(0, [1])] }, "vector_count"],
    ["two for one text", { data: [entry(0, [1]), entry(0, [1])] }, "vector_count"],
    ["other lengths", { data: [entry(0, [1]), entry(1, [1, 2])] }, "bad_vector"],
    ["no number", { data: [entry(0, [1]), entry(1, ["x"])] }, "bad_vector"],
    ["half a float", { data: [entry(0, "AAAA"), entry(1, "AAAA")] }, "bad_vector"],
    ["no vector", { data: [null, 7] }, "bad_vector"],
    ["no object", [], "bad_json"],
    ["no JSON", "<html>", "bad_json"],
    ["nothing", "  ", "empty"],
  ])("with %s cannot be read", (_, body, cause) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause } }));
  });

  test("that is an error under status 200 is one", () => {
    const error = { message: "No quota", type: "insufficient_quota", code: "insufficient_quota" };
    expect(() => read({ error })).toThrow(expect.objectContaining({ reason: "PROVIDER_QUOTA_EXHAUSTED" }));
  });

  test("of any JSON is vectors or a typed error", () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, two) => {
        for (const text of [one, `{"data":[{"embedding":${one}},{"index":${two}}],"usage":${two}}`]) {
          try {
            read(text);
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError);
          }
        }
      }),
    );
  });
});

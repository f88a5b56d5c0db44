import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { Protocol } from "../../../src/model/protocol.ts";
import { vertex } from "../../../src/providers/vertex/vertex.ts";
import { completionOf, errorOf, failureOf, piecesOf } from "../../support/dialect.ts";

const baseUrlOf = (settings: Record<string, string>) =>
  typeof vertex.baseUrl === "function" ? vertex.baseUrl(settings) : vertex.baseUrl;
const protocolFor = (model: string): Protocol => {
  const protocol = vertex.dialects({}).generate?.(model);
  if (protocol === undefined) throw new Error(`no protocol for ${model}`);
  return protocol;
};
const renderedFor = (model: string, stream = false, json: JsonObject = { input: "hi" }) =>
  protocolFor(model).render(completionOf(json, { provider: "vertex", model, stream }));

test.each([
  [{ project: "p" }, "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global"],
  [
    { project: "p", location: "europe-west4" },
    "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4",
  ],
  [{ project: "p", location: "eu" }, "https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/p/locations/eu"],
  [{ project: "p", location: "evil.example/" }, undefined],
  [{}, undefined],
])("%j is at %s", (settings, url) => {
  expect(baseUrlOf(settings)).toBe(url);
});

test("the location is the region, unless the operator knows better", () => {
  expect(vertex.region?.({ project: "p", location: "europe-west4" }, "gemini-x", undefined)).toBe("europe-west4");
  expect(vertex.region?.({ project: "p" }, "gemini-x", undefined)).toBe("global");
  expect(vertex.region?.({ project: "p", location: "europe-west4" }, "gemini-x", "eu")).toBe("eu");
});

describe("Gemini", () => {
  test("is below its publisher, or at an endpoint of its own", () => {
    expect(renderedFor("gemini-2.5-flash").path).toBe("/publishers/google/models/gemini-2.5-flash:generateContent");
    expect(renderedFor("endpoints/123", true).path).toBe("/endpoints/123:streamGenerateContent?alt=sse");
    expect(renderedFor("endpoints/../x").path).toContain("/models/endpoints%2F..%2Fx:");
  });

  test("and Claude do not take each other's proofs", () => {
    const spoken = (provider: string) => ({
      messages: [
        { text: "go" },
        {
          role: "ROLE_ASSISTANT",
          content: [{ reasoning: { text: "hm" }, signature: { provider, value: "c2ln" } }, { text: "a" }],
        },
        { text: "on" },
      ],
    });
    const sent = (model: string, provider: string) => JSON.stringify(renderedFor(model, false, spoken(provider)).body);
    for (const [model, own, foreign] of [
      ["gemini-2.5-flash", "vertex.google", "vertex"],
      ["claude-sonnet-4-5@20250929", "vertex", "vertex.google"],
    ] as const) {
      expect(sent(model, own)).toContain("c2ln");
      expect(sent(model, foreign)).not.toContain("c2ln");
    }
    const reader = protocolFor("gemini-2.5-flash").read(completionOf({ input: "hi" }, { provider: "vertex" }));
    const part = { text: "a", thoughtSignature: "c2ln" };
    const body = JSON.stringify({ candidates: [{ content: { parts: [part] }, finishReason: "STOP" }] });
    expect(piecesOf(reader, [Buffer.from(body)])).toContainEqual(
      expect.objectContaining({
        value: expect.objectContaining({ signature: expect.objectContaining({ provider: "vertex.google" }) }),
      }),
    );
  });

  test("counts the prompt alone", () => {
    const attempt = completionOf({ input: "hi", system: "s", serviceTier: "flex" }, { model: "gemini-2.5-flash" });
    expect(protocolFor("gemini-2.5-flash").count?.render(attempt)).toMatchObject({
      path: "/publishers/google/models/gemini-2.5-flash:countTokens",
      body: { contents: [{ role: "user", parts: [{ text: "hi" }] }], systemInstruction: { parts: [{ text: "s" }] } },
    });
  });
});

describe("Claude", () => {
  const model = "claude-sonnet-4-5@20250929";

  test("is told the version in the body and the model in the path", () => {
    const { path, body, headers } = renderedFor(model);
    expect(path).toBe("/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict");
    expect(body).toMatchObject({ anthropic_version: "vertex-2023-10-16", messages: [{ role: "user" }] });
    expect(body).not.toHaveProperty("model");
    expect(headers).toEqual({});
    const streamed = renderedFor(model, true, {
      input: "hi",
      providerOptions: { anthropic: { anthropic_beta: "b-1" } },
    });
    expect(streamed.path).toContain(":streamRawPredict");
    expect(streamed).toMatchObject({ body: { stream: true }, headers: { "anthropic-beta": "b-1" } });
  });

  test("counts by a model of its own", () => {
    const attempt = completionOf({ input: "hi" }, { model });
    expect(protocolFor(model).count?.render(attempt)).toMatchObject({
      path: "/publishers/anthropic/models/count-tokens:rawPredict",
      body: { anthropic_version: "vertex-2023-10-16", model },
    });
  });

  test("fails in the form of either", () => {
    const { fault } = protocolFor(model);
    const google = [{ error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "Quota exceeded" } }];
    expect(fault(failureOf(429, google)).upstream.code).toBe("RESOURCE_EXHAUSTED");
    const anthropic = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(fault(failureOf(529, anthropic)).reason).toBe("PROVIDER_OVERLOADED");
  });

  test("takes media by its bytes", () => {
    const { fetches } = protocolFor(model);
    const attempt = completionOf({ messages: [{ content: [{ media: { uri: "https://a.example/x.png" } }] }] });
    const part = attempt.call.request.messages[0]?.content[0]?.part;
    expect(part?.case === "media" && fetches?.(part.value, attempt)).toBe(true);
  });
});

test("models of other publishers are chat completions", () => {
  const { path, body } = renderedFor("meta/llama-4-scout-17b-16e-instruct-maas");
  expect(path).toBe("/endpoints/openapi/chat/completions");
  expect(body).toMatchObject({ model: "meta/llama-4-scout-17b-16e-instruct-maas" });
});

test("a key takes the place of credentials", () => {
  const surroundings = { env: {}, homeDirectory: "", now: () => 0 };
  expect(vertex.authorizer?.({ key: "k", settings: {}, surroundings })).toBeUndefined();
  expect(vertex.authorizer?.({ key: undefined, settings: {}, surroundings })).toBeDefined();
  const broken = { key: undefined, settings: { credentials: "{" }, surroundings };
  expect(errorOf(() => vertex.authorizer?.(broken)).reason).toBe("PROVIDER_CREDENTIAL_INVALID");
});

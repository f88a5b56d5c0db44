import { describe, expect, test } from "vitest";
import { factsOf } from "../../src/catalog/facts.ts";
import { azureOpenai } from "../../src/providers/azure-openai/azure-openai.ts";
import { openai } from "../../src/providers/openai/openai.ts";
import { openaiCompatible } from "../../src/providers/openai-compatible/openai-compatible.ts";
import { vllm } from "../../src/providers/vllm/vllm.ts";
import { xai } from "../../src/providers/xai/xai.ts";

const all = [openai, azureOpenai, openaiCompatible, vllm, xai];

describe.each(all)("$kind", (kind) => {
  const nameOf = (model: string, api?: string, features: string[] = []) => {
    const settings = { resource: "r", ...(api === undefined ? {} : { api }) };
    return kind.dialects(settings).generate?.(model, factsOf({ features }, ""))?.name;
  };

  test("speaks what the setting says with every model", () => {
    for (const model of ["gpt-5-pro", "gpt-4o"]) {
      expect(nameOf(model, "responses")).toBe("responses");
      expect(nameOf(model, "chat-completions", ["responses_only"])).toBe("chat-completions");
    }
  });

  test("speaks, without it, what a model needs", () => {
    expect(nameOf("mine", undefined, ["responses_only"])).toBe("responses");
    expect(nameOf("gpt-5-pro", undefined, ["reasoning"])).toBe("chat-completions");
    expect(nameOf("mine")).toBe("chat-completions");
  });
});

test.each([
  ["gpt-9-pro", true],
  ["gpt-5.2-pro-2025-12-11", true],
  ["o3-pro", true],
  ["o4-mini-deep-research", true],
  ["gpt-5.1-codex-max", true],
  ["codex-mini-latest", true],
  ["gpt-9", false],
  ["gpt-9-mini", false],
  ["o3", false],
  ["chatgpt-4o-latest", false],
])(
  "of %s unknown to the table OpenAI's own kind knows by name whether it needs the Responses API: %s",
  (model, needs) => {
    for (const kind of [openai, azureOpenai]) {
      expect(kind.dialects({ resource: "r" }).generate?.(model)?.name).toBe(needs ? "responses" : "chat-completions");
    }
    expect(openaiCompatible.dialects({}).generate?.(model)?.name).toBe("chat-completions");
  },
);

test("the shipped table leads to the Responses API", () => {
  const generate = openai.dialects({}).generate;
  const names = (model: string) => generate?.(model, openai.models().get(model))?.name;
  expect(["o1-pro", "gpt-5-codex", "gpt-5-pro", "gpt-5", "gpt-4o"].map(names)).toEqual([
    "responses",
    "responses",
    "responses",
    "chat-completions",
    "chat-completions",
  ]);
});

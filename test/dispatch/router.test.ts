import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { BadRequestSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { resolveFor } from "../../src/dispatch/permission.ts";
import { Router, resourceNameOf, selectorOf } from "../../src/dispatch/router.ts";
import type { GatewayError } from "../../src/model/error.ts";
import type { ModelFacts, Provider } from "../../src/model/target.ts";

const facts: ModelFacts = { ...unknownModel, contextWindow: 128_000, features: new Set(["tools"]) };

function provider(id: string, models: readonly string[]): Provider {
  return {
    id,
    displayName: id,
    models: new Map(models.map((model) => [model, facts])),
    defaultModel: undefined,
    timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
  };
}

const providers = new Map([
  ["openai", provider("openai", ["gpt-4o", "gpt-4o-mini"])],
  ["openrouter", provider("openrouter", ["meta/llama-4"])],
]);
const aliases = new Map([
  ["chat", "fast"],
  ["fast", "openai/gpt-4o-mini"],
  ["fresh", "openai/gpt-9"],
  ["named", "providers/openai/models/gpt-4o"],
]);
const router = new Router({ providers, aliases, defaultModel: "fast" });

function thrownBy(act: () => unknown): GatewayError {
  try {
    act();
  } catch (error) {
    return error as GatewayError;
  }
  throw new Error("nothing was thrown");
}

describe("a selector leads to", () => {
  test.each([
    ["openai/gpt-4o", "openai/gpt-4o", ""],
    ["openrouter/meta/llama-4", "openrouter/meta/llama-4", ""],
    ["fast", "openai/gpt-4o-mini", "aliases/fast"],
    ["chat", "openai/gpt-4o-mini", "aliases/chat"],
    ["named", "openai/gpt-4o", "aliases/named"],
    ["fresh", "openai/gpt-9", "aliases/fresh"],
    ["aliases/fast", "openai/gpt-4o-mini", "aliases/fast"],
    ["providers/openai/models/gpt-4o", "openai/gpt-4o", ""],
    ["providers/openrouter/models/meta/llama-4", "openrouter/meta/llama-4", ""],
    ["openai/gpt-7-undeclared", "openai/gpt-7-undeclared", ""],
    ["", "openai/gpt-4o-mini", "aliases/fast"],
  ])("%j: %s", (selector, target, policy) => {
    const route = router.resolve(selector);
    expect(route).toMatchObject({ selector, policy, target: { selector: target } });
    expect(selectorOf(resourceNameOf(route.target))).toBe(target);
  });
});

test("a declared model brings its facts, another one the facts of nothing", () => {
  expect(router.resolve("fast").target.facts).toBe(facts);
  expect(router.resolve("openai/gpt-7-undeclared").target.facts).toBe(unknownModel);
  expect(Object.isFrozen(unknownModel)).toBe(true);
});

test.each(["openai/gpt-4o-2031-01-02", "openai/gpt-4o-20310102", "openai/gpt-4o-001", "openai/gpt-4o@20310102"])(
  "of %s, an edition of a declared model, all is known but the price and the end",
  (selector) => {
    const priced: ModelFacts = { ...facts, retireTimeMs: 5, priceList: { name: "list", prices: [] } };
    const openai = { ...provider("openai", []), models: new Map([["gpt-4o", priced]]) };
    const router = new Router({
      providers: new Map([["openai", openai]]),
      aliases: new Map([["edition", selector]]),
      defaultModel: undefined,
    });
    const known = { ...priced, priceList: undefined, retireTimeMs: 0 };
    expect(router.resolve(selector).target.facts).toEqual(known);
    expect(router.resolve("edition").target.facts).toEqual(known);
    expect(router.resolve("openai/gpt-4o-mini-2031-01-02").target.facts).toBe(unknownModel);
  },
);

test("a call by a declared name makes nothing new", () => {
  expect(router.resolve("fast")).toBe(router.resolve("fast"));
});

test("targets are each model once, those of aliases too, in order", () => {
  expect(router.targets.map(({ selector }) => selector)).toEqual([
    "openai/gpt-4o",
    "openai/gpt-4o-mini",
    "openai/gpt-9",
    "openrouter/meta/llama-4",
  ]);
  expect(router.aliasesOf("openai/gpt-4o-mini")).toEqual(["chat", "fast"]);
  expect(router.aliasesOf("openrouter/meta/llama-4")).toEqual([]);
});

describe("a name that leads nowhere", () => {
  test.each([
    "gpt-4o",
    "nobody/gpt-4o",
    "openai/",
    "aliases/none",
    "providers/openai",
    "/",
    "openai/..",
    "openai/a/./b",
    "x".repeat(256),
  ])("%s is MODEL_NOT_FOUND", (selector) => {
    const error = thrownBy(() => router.resolve(selector));
    expect(error).toMatchObject({ reason: "MODEL_NOT_FOUND", code: Code.NotFound });
    expect(error.info).toMatchObject({ model: selectorOf(selector) });
    expect(error.findDetails(ResourceInfoSchema)).toMatchObject([
      { resourceType: "llmhub.v1.Model", resourceName: selectorOf(selector) },
    ]);
    expect(router.find(selector)).toBeUndefined();
  });

  test.each([
    ["gpt-4o", "openai/gpt-4o"],
    ["fst", "fast"],
    ["opnai/gpt-4o", "openai/gpt-4o"],
    ["qqqqqqqqqqqq", ""],
  ])("%s is near %j", (selector, near) => {
    const error = thrownBy(() => router.resolve(selector));
    expect(error.info["nearNames"]?.split(",")[0]).toBe(near);
    if (near !== "") expect(error.rawMessage).toContain(near);
  });

  test("suggests nothing that may not be suggested", () => {
    const error = thrownBy(() => router.resolve("gpt-4o", (name) => name !== "openai/gpt-4o"));
    expect(error.info["nearNames"]?.split(",")).not.toContain("openai/gpt-4o");
    expect(error.rawMessage).not.toContain("openai/gpt-4o");
  });
});

test("no model and no default is MODEL_REQUIRED at the field", () => {
  const bare = new Router({ providers, aliases, defaultModel: undefined });
  const error = thrownBy(() => bare.resolve(""));
  expect(error).toMatchObject({ reason: "MODEL_REQUIRED", code: Code.InvalidArgument });
  expect(error.findDetails(BadRequestSchema)).toMatchObject([{ fieldViolations: [{ field: "model" }] }]);
});

describe("a name that says no provider", () => {
  const patterned = (id: string, prefixes: readonly string[], strips = false): Provider => ({
    ...provider(id, ["gpt-4o"]),
    patterns: prefixes.map((prefix) => ({ prefix, strips })),
  });
  const providers = new Map([
    ["openai", patterned("openai", ["gpt-", "o1"])],
    ["azure", patterned("azure", ["gpt-", "gpt-oss"])],
    ["ollama", patterned("ollama", ["ollama-"], true)],
  ]);
  const router = new Router({
    providers,
    aliases: new Map([
      ["gpt-best", "ollama/best"],
      ["quick", "azure/gpt-4o"],
    ]),
    patterns: new Map([
      ["o1*", "azure"],
      ["team/*", "ollama"],
      ["gpt-4*", "ollama"],
      ["openai/x*", "azure"],
    ]),
    defaultModel: "gpt-5",
  });

  test.each([
    ["the first provider among equals", "gpt-5", "openai/gpt-5"],
    ["the longest beginning", "gpt-oss-20b", "azure/gpt-oss-20b"],
    ["what is configured, where it is longer", "gpt-4o", "ollama/gpt-4o"],
    ["what is configured, where it is as long", "o1-mini", "azure/o1-mini"],
    ["a name with a slash", "team/llama", "ollama/team/llama"],
    ["a beginning that is no part of the name", "ollama-llama3", "ollama/llama3"],
    ["an alias before patterns", "gpt-best", "ollama/best"],
    ["provider/model before patterns", "openai/x1", "openai/x1"],
    ["the default", "", "openai/gpt-5"],
  ])("%s: %j leads to %s", (_, selector, target) => {
    const route = router.resolve(selector);
    expect(route.selector).toBe(selector);
    expect(route.target.selector).toBe(target);
  });

  test("brings the facts of a declared model", () => {
    expect(router.resolve("gpt-4o").target.facts).toBe(facts);
    expect(router.resolve("gpt-5").target.facts).toBe(unknownModel);
  });

  test.each(["llama", "ollama-", "GPT-5"])("%s leads nowhere", (selector) => {
    expect(thrownBy(() => router.resolve(selector))).toMatchObject({ reason: "MODEL_NOT_FOUND" });
  });

  test("is allowed by its own form, or by the target", () => {
    const keyFor = (...models: string[]) => ({ keyId: "k", tenantId: "", models });
    for (const models of [["openai/*"], ["openai/gpt-5"], ["gpt-*"]]) {
      expect(resolveFor(router, keyFor(...models), "gpt-5").target.selector).toBe("openai/gpt-5");
    }
    for (const models of [["azure/*"], ["ollama/gpt-5"], ["quick"]]) {
      expect(thrownBy(() => resolveFor(router, keyFor(...models), "gpt-5"))).toMatchObject({
        reason: "PERMISSION_DENIED",
      });
    }
  });
});

test("a name whose providers are not configured says which would take it", () => {
  const absent = [
    { prefix: "gpt-", kind: "openai" },
    { prefix: "gpt-", kind: "other" },
    { prefix: "grok-", kind: "xai" },
  ];
  const router = new Router({ providers: new Map(), aliases: new Map(), absent, defaultModel: undefined });
  const messageFor = (name: string) => thrownBy(() => router.resolve(name)).rawMessage;
  expect(messageFor("gpt-4o")).toContain("No provider is configured that takes such names (openai or other)");
  expect(messageFor("mistral-x")).not.toContain("No provider");
});

test("each step of long ways of aliases is gone once", () => {
  class Counted extends Map<string, string> {
    looks = 0;
    override get(name: string): string | undefined {
      this.looks++;
      return super.get(name);
    }
  }
  const count = 500;
  const way = Array.from({ length: count }, (_, i) => [`a${i}`, i === 0 ? "openai/gpt-4o" : `a${i - 1}`] as const);
  for (const entries of [way, way.toReversed()]) {
    const counted = new Counted(entries);
    const long = new Router({ providers, aliases: counted, defaultModel: undefined });
    expect(long.find(`a${count - 1}`)?.target.selector).toBe("openai/gpt-4o");
    expect(long.aliasesOf("openai/gpt-4o")).toEqual(way.map(([name]) => name).sort());
    expect(counted.looks).toBeLessThanOrEqual(count);
  }
});

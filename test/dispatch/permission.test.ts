import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { allows, mayUse, mayUseProvider, resolveFor } from "../../src/dispatch/permission.ts";
import { Router } from "../../src/dispatch/router.ts";
import type { Caller } from "../../src/model/call.ts";
import type { Provider } from "../../src/model/target.ts";

const openai: Provider = {
  id: "openai",
  displayName: "OpenAI",
  models: new Map([
    ["gpt-4o", unknownModel],
    ["gpt-4o-mini", unknownModel],
  ]),
  defaultModel: undefined,
  timeouts: { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 },
};
const router = new Router({
  providers: new Map([["openai", openai]]),
  aliases: new Map([
    ["chat", "fast"],
    ["fast", "openai/gpt-4o-mini"],
  ]),
  defaultModel: "fast",
});

function caller(...models: string[]): Caller {
  return { keyId: "test", tenantId: "", models };
}

const anyone: Caller = { keyId: "", tenantId: "", models: undefined };

describe("the key", () => {
  test.each([
    [["fast"], "fast"],
    [["fast"], "aliases/fast"],
    [["fast"], ""],
    [["openai/gpt-4o-mini"], "fast"],
    [["openai/*"], "chat"],
    [["openai/gpt-4o"], "providers/openai/models/gpt-4o"],
    [["*"], "openai/anything"],
  ])("%j may call %j", (models, selector) => {
    expect(resolveFor(router, caller(...models), selector).selector).toBe(selector);
  });

  test.each([
    [["fast"], "openai/gpt-4o-mini"],
    [["fast"], "chat"],
    [["openai/gpt-4o"], "openai/gpt-4o-mini"],
    [["openai/gpt-4o"], ""],
    [["OpenAI/*"], "openai/gpt-4o"],
    [[], "fast"],
    [["fast"], "no-such-model"],
    [["openai/*"], "nobody/gpt-4o"],
  ])("%j may not call %j, whether it exists or not", (models, selector) => {
    const resource = selector === "" ? "fast" : selector;
    expect(() => resolveFor(router, caller(...models), selector)).toThrow(
      expect.objectContaining({
        reason: "PERMISSION_DENIED",
        code: Code.PermissionDenied,
        info: { resource, scope: "models" },
      }),
    );
  });

  test("is told of the resource in a detail", () => {
    const lookup = () => resolveFor(router, caller("fast"), "openai/gpt-4o");
    expect(lookup).toThrow(
      expect.objectContaining({
        details: expect.arrayContaining([
          expect.objectContaining({
            desc: ResourceInfoSchema,
            value: expect.objectContaining({ resourceType: "llmhub.v1.Model", resourceName: "openai/gpt-4o" }),
          }),
        ]),
      }),
    );
  });

  test("learns from near names nothing that it may not use", () => {
    const lookup = () => resolveFor(router, caller("gpt*", "openai/gpt-4o"), "gpt-4o-mini");
    expect(lookup).toThrow(
      expect.objectContaining({ reason: "MODEL_NOT_FOUND", info: { model: "gpt-4o-mini", nearNames: "" } }),
    );
  });
});

test("providers are seen by any pattern that some model of theirs could match", () => {
  for (const pattern of ["*", "op*", "openai/*", "openai/gpt*", "openai/gpt-4o"]) {
    expect(mayUseProvider(caller(pattern), "openai"), pattern).toBe(true);
  }
  for (const pattern of ["openai", "fast", "openrouter/*", "x*", "open", "openai2/*"]) {
    expect(mayUseProvider(caller(pattern), "openai"), pattern).toBe(false);
  }
});

const name = fc.stringMatching(/^[a-c/]{1,6}$/);

test("a pattern is a name, or with a trailing star the beginning of names", () => {
  fc.assert(
    fc.property(name, name, (pattern, selector) => {
      expect(mayUse(caller(pattern), selector)).toBe(pattern === selector);
      expect(mayUse(caller(`${pattern}*`), selector)).toBe(selector.startsWith(pattern));
    }),
  );
});

test("more patterns never allow less, and no list at all allows everything", () => {
  fc.assert(
    fc.property(fc.array(name), fc.array(name), name, (few, more, selector) => {
      const route = router.find("fast");
      expect(allows(anyone, selector, route)).toBe(true);
      if (allows(caller(...few), selector, route)) expect(allows(caller(...few, ...more), selector, route)).toBe(true);
    }),
  );
});

test("who may use a model may see its provider", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c]{1,3}$/), name, name, (id, model, pattern) => {
      for (const key of [caller(pattern), caller(`${pattern}*`)]) {
        if (mayUse(key, `${id}/${model}`)) expect(mayUseProvider(key, id)).toBe(true);
      }
    }),
  );
});

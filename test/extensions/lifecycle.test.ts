import { expect, test } from "vitest";
import { TestGateway } from "../support/gateway.ts";
import { Modules, refusalOf, seen } from "./modules.ts";

const providers = { simulator: {} };
const request = { model: "simulator/gpt:first-token-0:pace-0", input: "hi" };

test("an extension is opened before calls come, meets them, and is closed at the end", async () => {
  await using modules = await Modules.create();
  const module = await modules.extension(
    `seen.push(["init", context.name, context.settings]);
     context.signal.addEventListener("abort", () => seen.push(["abort"]));
     return {
       call: (next) => async (call) => { seen.push(["call", call.request.$typeName]); return next(call); },
       attempt: (next) => async (attempt) => { seen.push(["attempt", attempt.target.selector]); return next(attempt); },
       close: async () => { seen.push(["close"]); },
     };`,
  );
  {
    await using gateway = await TestGateway.start({
      providers,
      extensions: [{ module, name: "first", config: { a: 1 } }],
    });
    await gateway.complete(request);
    expect(seen()).toEqual([
      ["init", "first", { a: 1 }],
      ["call", "llmhub.v1.CompleteRequest"],
      ["attempt", request.model],
    ]);
  }
  expect(seen()).toEqual([["abort"], ["close"]]);
});

test("a reload keeps what is unchanged, and closes the rest only after the calls in it", async () => {
  await using modules = await Modules.create();
  const text = (mark: string) => `
    const { label, waits } = context.settings;
    seen.push(["init ${mark}", label]);
    return {
      call: (next) => async (call) => {
        if (waits) await new Promise((resolve) => { globalThis.llmhubRelease = resolve; });
        seen.push(["call ${mark}", label]);
        return next(call);
      },
      close: () => { seen.push(["close ${mark}", label]); },
    };`;
  const module = await modules.extension(text("v1"));
  const kept = { module, name: "kept", config: { label: "kept" } };
  const old = { module, name: "old", config: { label: "old", waits: true } };
  await using gateway = await TestGateway.start({ providers, extensions: [kept, old] });
  expect(seen()).toEqual([
    ["init v1", "kept"],
    ["init v1", "old"],
  ]);
  const call = gateway.complete(request);
  while (Reflect.get(globalThis, "llmhubRelease") === undefined) await new Promise(setImmediate);
  await gateway.reload({ providers, extensions: [kept, { ...old, config: { label: "new" } }] });
  expect(seen()).toEqual([
    ["call v1", "kept"],
    ["init v1", "new"],
  ]);
  await gateway.complete(request);
  expect(seen()).toEqual([
    ["call v1", "kept"],
    ["call v1", "new"],
  ]);
  Reflect.get(globalThis, "llmhubRelease")();
  await call;
  const told: unknown[] = [];
  while (told.length < 2) {
    told.push(...seen());
    await new Promise(setImmediate);
  }
  expect(told).toEqual([
    ["call v1", "old"],
    ["close v1", "old"],
  ]);

  await modules.extension(text("v2"));
  await gateway.reload({ providers, extensions: [kept] });
  expect(seen()).toContainEqual(["init v2", "kept"]);
  await gateway.reload({ providers });
  seen();
  await gateway.complete(request);
  expect(seen()).not.toContainEqual(["call v2", "kept"]);
});

test("what cannot be opened refuses the start, and a reload, and says where without what was configured", async () => {
  await using modules = await Modules.create();
  const good = await modules.extension(`return { call: (next) => next, close: () => { seen.push("closed good"); } };`);
  const canary = "sk-canary-5551";
  const bad = await modules.extension(
    `throw new TypeError("cannot reach it with " + context.settings.secret);`,
    "",
    "bad.js",
  );
  const extensions = [
    { module: good, name: "good" },
    { module: bad, name: "bad", config: { secret: canary } },
  ];
  const refusal = await refusalOf(TestGateway.start({ providers, extensions }));
  expect(refusal).toMatch(
    /llmhub\.yaml:1:\d+ extensions\[1\]: bad\.js \(export extension\) cannot be opened: TypeError at bad\.js:2:\d+$/,
  );
  expect(refusal).not.toContain(canary);
  expect(seen()).toEqual(["closed good"]);

  await using gateway = await TestGateway.start({ providers });
  const isRefused = refusalOf(gateway.reload({ providers, extensions }));
  expect((await isRefused).replace(/^\S+/, "")).toBe(refusal.replace(/^\S+/, ""));
  expect(seen()).toEqual(["closed good"]);
  await gateway.complete(request);
});

test.each(["JSON.parse(key)", "setTimeout(key)", "Buffer.alloc(key)"])(
  "what %s says of a key is not shown",
  async (work) => {
    await using modules = await Modules.create();
    const key = "canary-9917";
    const init = await modules.extension(`const { key } = context.settings; ${work};`);
    const refusal = await refusalOf(TestGateway.start({ providers, extensions: [{ module: init, config: { key } }] }));
    expect(refusal).toMatch(/cannot be opened: (?:Syntax|Type|Range)Error at own\.js:2:\d+$/);
    expect(refusal).not.toContain("canary");
  },
);

test("an init that gives nothing to work with is refused", async () => {
  await using modules = await Modules.create();
  const module = await modules.extension("return { call: 1 };");
  expect(await refusalOf(TestGateway.start({ providers, extensions: [{ module }] }))).toContain(
    "init gave a call that is no function",
  );
});

test("the first stands outermost, and after the cache only what it does not answer is met", async () => {
  await using modules = await Modules.create();
  const module = await modules.extension(
    "return { call: (next) => async (call) => { seen.push(context.name); return next(call); } };",
  );
  const extensions = [
    { module, name: "inner", place: "after-cache" },
    { module, name: "first" },
    { module, name: "second" },
  ];
  await using gateway = await TestGateway.start({ providers, extensions, cache: { enabled: true } });
  for (let i = 0; i < 2; i++) await gateway.complete({ ...request, temperature: 0 });
  expect(seen()).toEqual(["first", "second", "inner", "first", "second"]);
});

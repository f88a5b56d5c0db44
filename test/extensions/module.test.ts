import { chmod, chown, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { extensionFacts } from "../../src/extensions/module.ts";
import { kinds } from "../config/files.ts";
import { Modules } from "./modules.ts";

const canary = "sk-canary-9917";

/** Loads a file in the directory of the modules, with these extensions. */
async function load(modules: Modules, extensions: unknown, rest: object = {}, env: Record<string, string> = {}) {
  const sections = { auth: { mode: "off" }, providers: { simulator: {} }, extensions, ...rest };
  const path = await modules.write(JSON.stringify(sections), "hub.yaml");
  return loadConfig({ path, env, kinds, extensions: extensionFacts });
}

/** The problems of such a file, one per line, without where they stand. */
async function problems(modules: Modules, extensions: unknown, rest?: object): Promise<string[]> {
  const message = await load(modules, extensions, rest).then(
    () => "",
    (error: Error) => error.message,
  );
  expect(message).not.toContain(canary);
  return message.split("\n").map((line) => line.replace(/^\S*hub\.yaml:\d+:\d+ /, ""));
}

const plain = (fields: string) => `export const extension = { apiVersion: 1, name: "own", ${fields} };`;
const kind = `{ kind: "own-kind", displayName: "Own", keyRequired: false, baseUrl: "http://127.0.0.1:1", healthPath: undefined,
  authorize: () => ({}), dialects: () => ({}), models: () => new Map(), settings: { team: { about: "who", required: true } } }`;

test("a module is found from the directory of the file, and its configuration is filled in", async () => {
  await using modules = await Modules.create();
  await mkdir(join(modules.directory, "own"));
  const secret = await modules.write(`${canary}\n`, "secret.txt");
  const module = await modules.write(plain(""), "own/code.mjs");
  const config = { key: `file:${secret}`, list: [{ name: "$" + "{NAME}" }], count: 3, none: null };
  const { extensions, files } = await load(modules, [{ module: "./own/code.mjs", config }], {}, { NAME: "ada" });
  expect(extensions).toMatchObject([
    { name: "own", module, exportName: "extension", place: "before-cache", onFailure: "fail", path: "extensions[0]" },
  ]);
  expect(JSON.parse(extensions[0]?.settings.reveal() ?? "")).toEqual({
    key: canary,
    list: [{ name: "ada" }],
    count: 3,
    none: null,
  });
  // A change of any of them loads the configuration anew.
  expect(files).toEqual(expect.arrayContaining([module, secret]));
});

test("TypeScript is loaded as it is, and another text is another extension", async () => {
  await using modules = await Modules.create();
  const text = (name: string) => `const name: string = "${name}"; export const own = { apiVersion: 1 as const, name };`;
  const entry = { module: "./own.ts", export: "own" };
  await modules.write(text("one"), "own.ts");
  const first = await load(modules, [entry]);
  await modules.write(text("two"), "own.ts");
  const second = await load(modules, [entry]);
  expect([first.extensions[0]?.name, second.extensions[0]?.name]).toEqual(["one", "two"]);
  expect(first.extensions[0]?.digest).not.toBe(second.extensions[0]?.digest);
});

test.each([
  ["left-pad", /extensions\[0\]\.module: must be the path/],
  ["https://example.com/own.js", /extensions\[0\]\.module: must be the path/],
  ["data:text/javascript,1", /extensions\[0\]\.module: must be the path/],
  ["file:///etc/own.js", /extensions\[0\]\.module: must be the path/],
  ["./own.wasm", /extensions\[0\]\.module: must be the path/],
  ["./missing.js", /extensions\[0\]\.module: names a file that cannot be used: the file does not exist/],
  ["./folder.js", /extensions\[0\]\.module: names a file that cannot be used: it is not a regular file/],
])("nothing is loaded from %s", async (module, expected) => {
  await using modules = await Modules.create();
  await mkdir(join(modules.directory, "folder.js"));
  expect((await problems(modules, [{ module }]))[0]).toMatch(expected);
});

test("what everybody may write is not loaded, nor what stands where everybody may write", async () => {
  await using modules = await Modules.create();
  await modules.write(plain(""), "open.js", 0o666);
  await mkdir(join(modules.directory, "ours"));
  await modules.write(plain(""), "ours/own.js");
  await chmod(join(modules.directory, "ours"), 0o777);
  await symlink(join(modules.directory, "open.js"), join(modules.directory, "link.js"));
  expect(
    await problems(modules, [{ module: "./open.js" }, { module: "./ours/own.js" }, { module: "./link.js" }]),
  ).toEqual([
    "extensions[0].module: names a file that cannot be used: everybody may write it",
    "extensions[1].module: names a file that cannot be used: everybody may write the directory ours on the way to it",
    "extensions[2].module: names a file that cannot be used: everybody may write it",
  ]);
});

test.skipIf(process.getuid?.() !== 0)("what another user put where everybody may write is not loaded", async () => {
  await using modules = await Modules.create();
  await mkdir(join(modules.directory, "drop"));
  await chmod(join(modules.directory, "drop"), 0o1777);
  await modules.write(plain(""), "drop/own.js");
  expect((await load(modules, [{ module: "./drop/own.js" }])).extensions).toHaveLength(1);
  await chown(join(modules.directory, "drop/own.js"), 4711, 4711);
  expect(await problems(modules, [{ module: "./drop/own.js" }])).toEqual([
    "extensions[0].module: names a file that cannot be used: somebody else put own.js where everybody may write",
  ]);
});

test("a link is not followed that everybody could lead elsewhere", async () => {
  await using modules = await Modules.create();
  const { directory } = modules;
  await mkdir(join(directory, "real"));
  await modules.write(plain(""), "real/own.js");
  await mkdir(join(directory, "open"));
  await symlink("../real/own.js", join(directory, "open/own.js"));
  await symlink("../real", join(directory, "open/folder"));
  await symlink("open/own.js", join(directory, "through.js"));
  await symlink("real/own.js", join(directory, "ours.js"));
  await symlink("real", join(directory, "folder"));
  await chmod(join(directory, "open"), 0o777);
  const refused = ["./open/own.js", "./open/folder/own.js", "./through.js"].map((module) => ({ module }));
  expect(await problems(modules, refused)).toEqual(
    refused.map(
      (_, i) =>
        `extensions[${i}].module: names a file that cannot be used: everybody may write the directory open on the way to it`,
    ),
  );
  const good = ["./ours.js", "./folder/own.js"].map((module, i) => ({ module, name: `n${i}` }));
  expect((await load(modules, good)).extensions.map(({ module }) => module)).toEqual(
    Array(2).fill(join(directory, "real/own.js")),
  );
});

test.each([
  ["export const other = 1;", "there is no such export; export one, or name another with export"],
  ["export const extension = 1;", "it is no extension, but another value; see defineExtension"],
  ["export const extension = { name: 'own' };", "it has no apiVersion; this gateway has version 1 of the interface"],
  [
    "export const extension = { apiVersion: 2 };",
    "it was written for version 2; this gateway has version 1 of the interface",
  ],
  ["export const extension = { apiVersion: 1, name: 'Own' };", "its name must be a lower-case letter, then lower-case"],
  [plain("init: 1"), "its init is no function"],
  [plain("schema: {}"), "its schema does not follow version 1 of Standard Schema"],
  [plain("kinds: 1"), "its kinds are no list"],
  [plain("kinds: [{ kind: 'x', displayName: 'X', keyRequired: true }]"), "its kind x has no authorize"],
  [plain(`kinds: [${kind}, ${kind}]`), "it has the kind own-kind twice"],
  [plain(`kinds: [{ ...${kind}, carry: () => 1 }]`), "its kind own-kind has carry, which is not for extensions"],
  [`throw new TypeError("${canary}");`, "it cannot be loaded: TypeError at own.js:1:"],
  [`throw "${canary}";`, "it cannot be loaded: it threw a value of type string"],
  ['import "./missing.js";', "it cannot be loaded: "],
])("%s is refused, and it is said where and why", async (text, expected) => {
  await using modules = await Modules.create();
  await modules.write(text);
  const [problem] = await problems(modules, [{ module: "./own.js", config: { key: canary } }]);
  expect(problem).toContain(`extensions[0].module: own.js (export extension): ${expected}`);
});

test("an extension's own schema checks its configuration, and what it quotes is not shown", async () => {
  await using modules = await Modules.create();
  await modules.write(
    plain(`schema: { "~standard": { version: 1, vendor: "own", validate: async (value) => typeof value.limit === "number"
      ? { value: { limit: value.limit * 2 } }
      : { issues: [{ message: "must be a number, not " + value.limit, path: ["limits", { key: 0 }] }] } } }`),
  );
  expect(await problems(modules, [{ module: "./own.js", config: { limit: canary } }])).toEqual([
    "extensions[0].config.limits[0]: must be a number, not …",
  ]);
  const { extensions } = await load(modules, [{ module: "./own.js", config: { limit: 2 } }]);
  expect(extensions.length).toBe(1);
});

test("kinds of providers are there before the providers are looked at, and are never replaced", async () => {
  await using modules = await Modules.create();
  await modules.write(plain(`kinds: [${kind}]`));
  const own = { module: "./own.js" };
  const { providers } = await load(modules, [own], { providers: { "own-kind": { settings: { team: "a" } } } });
  expect(providers.map(({ kind }) => kind)).toEqual(["own-kind"]);
  expect(await problems(modules, [own], { providers: { "own-kind": {} } })).toEqual([
    "providers.own-kind: needs settings.team (who)",
  ]);
  expect(await problems(modules, [own, own])).toEqual([
    "extensions[1]: has the name of another extension; give each a name of its own",
    "extensions[1].module: brings the kind of provider own-kind, which there is already",
  ]);
  await modules.write(plain(`kinds: [{ ...${kind}, kind: "openai" }]`));
  expect(await problems(modules, [own])).toEqual([
    "extensions[0].module: brings the kind of provider openai, which there is already",
  ]);
});

test("unknown fields and too many entries are refused", async () => {
  await using modules = await Modules.create();
  await modules.write(plain(""));
  expect((await problems(modules, [{ module: "./own.js", order: 1 }]))[0]).toMatch(
    /^extensions\[0\]\.order: unknown field/,
  );
  const many = Array.from({ length: 33 }, (_, i) => ({ module: "./own.js", name: `n${i}` }));
  expect(await problems(modules, many)).toEqual(["extensions: must have at most 32 entries"]);
});

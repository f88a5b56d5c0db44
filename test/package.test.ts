import { execFile } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, expect, test } from "vitest";
import { everyPage } from "./docs/page.ts";
import { TestGateway } from "./support/gateway.ts";
import { InstalledPackage } from "./support/installed-package.ts";
import { root } from "./support/source.ts";

/** The package as others install it: what they import has no types to strip, and what it needs is what it says. */
let installed: InstalledPackage;
beforeAll(() => {
  installed = new InstalledPackage();
  for (const name of ["@types/node", "undici-types"]) installed.link(name);
  writeFileSync(join(installed.folder, "package.json"), '{ "type": "module", "private": true }');
}, 120_000);
afterAll(() => installed[Symbol.dispose]());

function node(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: installed.folder, env }, (error, out, err) => {
      if (error !== null) reject(new Error(`${out}${err}`));
      else resolve(out + err);
    });
  });
}

const place = (name: string) => join(installed.folder, name);

test("it holds what is run, imported and generated from, and nothing else", () => {
  const kinds = new Set(
    installed.files.map((path) =>
      path
        .replace(/[^/]+$/, "")
        .split("/")
        .slice(0, 2)
        .join("/"),
    ),
  );
  const expected = ["", "dist/", "dist/client", "dist/parts", "dist/types", "proto/llmhub", "src/config"];
  expect([...kinds].sort()).toEqual(expected);
  expect(installed.files).toContain("dist/main.js");
  expect(installed.files.filter((path) => /(?<!\.d)\.ts$|\.test\./.test(path))).toEqual([]);
});

test("plain JavaScript has the hub inside it, its client, its messages, and extensions", async () => {
  writeFileSync(
    place("plain.mjs"),
    `import { createHub } from "llm-connector-hub";
     import { HubError, textOf } from "llm-connector-hub/client";
     import { defineExtension } from "llm-connector-hub/extension";
     import { CompletionService } from "llm-connector-hub/gen/llmhub/v1/completion_service_pb.js";
     import { readFileSync } from "node:fs";
     const hub = await createHub({ config: { providers: { simulator: {} } } });
     const answer = await hub.complete().model("simulator/gpt").user("Say hi").send();
     const error = await hub.complete({ model: "nobody/nothing", input: "x" }).catch((problem) => problem);
     const proto = readFileSync(new URL(import.meta.resolve("llm-connector-hub/proto/llmhub/v1/usage.proto")), "utf8");
     console.log(textOf(answer) !== "", error instanceof HubError, error.reason, typeof defineExtension,
       CompletionService.typeName, proto.includes("message Usage"));
     await hub.close();`,
  );
  const said = await node(["plain.mjs"]);
  expect(said).toBe("true true MODEL_NOT_FOUND function llmhub.v1.CompletionService true\n");
});

test("its command runs", async () => {
  const said = await node([place("node_modules/llm-connector-hub/dist/main.js"), "--version"]);
  expect(said).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test("an extension that is written for the package runs in the hub inside a process", async () => {
  copyFileSync(join(root, "examples/extensions/redact.ts"), place("redact.ts"));
  writeFileSync(
    place("extended.mjs"),
    `import { createHub } from "llm-connector-hub";
     const config = { providers: { simulator: {} }, extensions: [{ module: ${JSON.stringify(place("redact.ts"))} }] };
     const hub = await createHub({ config });
     const { warnings } = await hub.complete({ model: "simulator/gpt", input: "Write to ada@example.com" });
     console.log(warnings.map(({ field }) => field).join());
     await hub.close();`,
  );
  expect(await node(["extended.mjs"])).toBe("input\n");
});

const examples = ["client/ask.ts", "library/embedded.ts"].map((example) => {
  return [example.replaceAll("/", "-"), readFileSync(join(root, "examples", example), "utf8")] as const;
});
const shown = everyPage()
  .flatMap(({ blocks }) => blocks)
  .filter(({ notes }) => notes.get("run-by") === "test/package.test.ts")
  .map(({ page, line, text }) => [`${page.replaceAll("/", "-")}-${line}.ts`, text] as const);

test("the examples, and what the pages show, run as they are", async () => {
  await using gateway = await TestGateway.start({ providers: { simulator: {} } });
  expect(shown.length).toBeGreaterThan(2);
  for (const [name, program] of [...examples, ...shown]) {
    writeFileSync(place(name), program.replaceAll("127.0.0.1:50051", gateway.address));
    const said = await node([name], { LLMHUB_URL: gateway.url });
    expect(said).toMatch(/1.*2.*3.*4.*5/s);
  }
}, 60_000);

/** Programs, and what the compiler says of them; empty: nothing. */
const programs: readonly (readonly [code: string, problem: RegExp | ""])[] = [
  [`hub.complete().model("m").user("hi").send()`, ""],
  [`hub.complete().user("hi").system("s").model("m").maxOutputTokens(5).stream()`, ""],
  [`hub.complete().model("m").message({ text: "hi" }).countTokens()`, ""],
  [`hub.complete({ model: "m", input: "hi" })`, ""],
  [`hub.stream({ model: "m", messages: [{ text: "hi" }], temperature: 0 }, { stream: { allowRestart: true } })`, ""],
  [`hub.embed({ model: "m", inputs: ["a"] })`, ""],
  [`hub.complete(create(CompleteRequestSchema, { model: "m", input: "hi" }))`, ""],
  [`createHub({ config: { providers: { openai: { apiKey: "k" } }, log: { level: "warn" } } })`, ""],
  [`hub.complete().send()`, /'model'|'input'|model: true/],
  [`hub.complete().model("m").send()`, /input/],
  [`hub.complete().user("hi").send()`, /model/],
  [`hub.complete().model("m").system("s").assistant("a").stream()`, /input/],
  [`hub.complete().user("hi").countTokens()`, /model/],
  [`hub.complete({ input: "hi" })`, /model/],
  [`hub.complete({ model: "m" })`, /input|messages/],
  [`hub.stream({ model: "m", system: "s" })`, /input|messages/],
  [`hub.embed({ model: "m" })`, /inputs/],
  [`hub.rerank({ model: "m", documents: ["a"] })`, /query/],
  [`hub.complete().model("m").user("hi").temprature(1)`, /temperature/],
  [`createHub({ config: { log: { level: "loud" } } })`, /"loud"/],
  [`createHub({ config: { providers: { openai: { apikey: "k" } } } })`, /apiKey/],
  [`createHub({ config: { limit: [] } })`, /limit/],
];

test.each(["nodenext", "bundler"])(
  "types refuse what cannot be asked, with moduleResolution %s",
  async (resolution) => {
    const imports = `import { create } from "@bufbuild/protobuf";
    import { createHub } from "llm-connector-hub";
    import { connectHub } from "llm-connector-hub/client";
    import { defineExtension } from "llm-connector-hub/extension";
    import { CompleteRequestSchema } from "llm-connector-hub/gen/llmhub/v1/completion_pb.js";
    const hub = connectHub();
    export const used = [create, createHub, defineExtension, CompleteRequestSchema];\n`;
    const names = programs.map(([code], index) => {
      const name = `${resolution}-${index}.ts`;
      writeFileSync(place(name), `${imports}void ${code};\n`);
      return name;
    });
    const options = {
      module: resolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution: resolution,
      target: "es2022",
      lib: ["es2022", "esnext.disposable"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      types: ["node"],
      noEmit: true,
    };
    for (const [name, program] of examples) writeFileSync(place(name), program);
    const files = [...names, ...examples.map(([name]) => name)];
    writeFileSync(place("tsconfig.json"), JSON.stringify({ compilerOptions: options, files }));
    const said = await node([join(root, "node_modules/typescript/bin/tsc"), "-p", "."]).catch(({ message }) => message);
    const problems = new Map<string, string>();
    for (const line of said.split("\n")) {
      const name = /^([^(\s]+)\(/.exec(line)?.[1] ?? [...problems.keys()].at(-1) ?? "";
      problems.set(name, (problems.get(name) ?? "") + line);
    }
    const found = programs.map(([code], index) => [code, problems.get(`${resolution}-${index}.ts`) ?? ""]);
    expect(found).toEqual(programs.map(([code, problem]) => [code, problem && expect.stringMatching(problem)]));
    // Connect's own types want those of a browser.
    const others = [...problems.keys()].filter((name) => !name.includes("node_modules/@connectrpc/"));
    expect(others.filter((name) => !name.startsWith(resolution))).toEqual([]);
  },
  60_000,
);

test("in a browser it needs nothing of Node", async () => {
  writeFileSync(
    place("page.js"),
    `import { HubClient, textOf } from "llm-connector-hub/client"; globalThis.hub = [HubClient, textOf];`,
  );
  const bundle = await rolldown({
    input: place("page.js"),
    cwd: installed.folder,
    platform: "browser",
    logLevel: "silent",
  });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  const imported = output.flatMap((file) => (file.type === "chunk" ? [...file.imports, ...file.dynamicImports] : []));
  expect(imported.filter((name) => name.startsWith("node:") || builtinModules.includes(name))).toEqual([]);
  expect(/\bclass \w*HubClient\b|HubClient = class/.test(output[0].code)).toBe(true);
});

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { filesOf, functionsOf, lineAt, root, type Source, sourcesOf } from "./support/source.ts";

/** What each folder of src may import of the others. Files directly in src may import everything. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  stream: ["model"],
  telemetry: ["model"],
  catalog: ["model"],
  storage: ["model", "telemetry"],
  upstream: ["model", "stream", "telemetry"],
  protocols: ["model", "stream", "telemetry"],
  credentials: ["model", "config", "upstream", "protocols"],
  providers: ["model", "stream", "telemetry", "catalog", "upstream", "protocols", "credentials"],
  cache: ["model", "stream", "storage"],
  limits: ["model", "config", "storage"],
  extensions: ["model", "telemetry", "config", "providers"],
  interceptors: ["model", "telemetry", "cache", "limits"],
  dispatch: ["model"],
  health: ["model", "storage"],
  overload: ["model"],
  services: ["model", "dispatch"],
  surfaces: ["model", "dispatch", "protocols", "services"],
  server: ["model", "telemetry", "protocols", "services", "surfaces"],
  simulator: ["model", "stream"],
  client: ["model"],
  workers: ["model", "telemetry", "config", "cache", "limits", "health", "services", "server"],
  config: ["model", "catalog"],
  cli: [
    "model",
    "config",
    "credentials",
    "extensions",
    "providers",
    "server",
    "services",
    "simulator",
    "surfaces",
    "telemetry",
    "workers",
  ],
};
/** Files directly in src that a folder may import all the same. */
const mayCompose: Readonly<Record<string, readonly string[]>> = {
  cli: ["src/app.ts", "src/gateway.ts", "src/neighbours.ts", "src/snapshot.ts", "src/version.ts"],
  workers: ["src/gateway.ts", "src/neighbours.ts"],
};

/** Who may touch files, and who the environment and the command line. */
const mayUseFiles =
  /^src\/(config|cli|catalog)\/|^src\/(app|version)\.ts$|^src\/overload\/memory-limit\.ts$|^src\/server\/tls\.ts$|^src\/telemetry\/log-sink\.ts$|^src\/upstream\/(run|program|host-lookup)\.ts$/;
const mayUseEnvironment = /^src\/(config|cli)\/|^src\/library\.ts$|^src\/catalog\/generate\.ts$/;

/** Folders of test that mirror no folder of src. */
const ownTestFolders = [
  "support",
  "fixtures",
  "bench",
  "load",
  "conformance",
  "clients",
  "tools",
  "e2e",
  "docs",
  "newcomer",
  "chart",
  "image",
  "dashboards",
  "mesh",
  "monitoring",
];

const linesMax = 300;
const functionLinesMax = 60;
const emptyNames = ["utils", "util", "helpers", "helper", "common", "types", "manager", "misc"];
/** Words that belong to how the code was made. Written in pieces, so that this file passes. */
const foreignWords = new RegExp(
  ["TO" + "DO", "FIX" + "ME", "/wo" + "rk/", "/sha" + "red/", "brief" + "\\.md", "issue #\\" + "d"].join("|"),
);

const sources = sourcesOf("src", "test", "proto", "build", "dashboards");
const product = sources.filter(({ path }) => path.startsWith("src/"));

/** "file:line what is wrong" for every match of a pattern in the code, or in the whole text. */
function matches(pattern: RegExp, what: string, files: readonly Source[], where: "code" | "text" = "code"): string[] {
  return files.flatMap((file) =>
    [...file[where].matchAll(new RegExp(pattern, "gm"))].map(
      ({ index }) => `${file.path}:${lineAt(file.text, index)} ${what}`,
    ),
  );
}

test("imports run one way", () => {
  const wrong = product.flatMap(({ path, imports }) => {
    const folder = folderOf(path);
    if (folder === undefined) return [];
    return imports.flatMap(({ path: target, line }) => {
      if (target === undefined || !target.startsWith("src/") || folderOf(target) === folder) return [];
      const allowed = mayImport[folder]?.includes(folderOf(target) ?? "") || mayCompose[folder]?.includes(target);
      return allowed ? [] : [`${path}:${line} src/${folder} may not import ${target}`];
    });
  });
  expect(wrong).toEqual([]);
});

test("every folder of src is in the table of imports", () => {
  const folders = new Set(product.flatMap(({ path }) => folderOf(path) ?? []));
  expect([...folders].filter((folder) => mayImport[folder] === undefined)).toEqual([]);
});

test("what is shipped imports nothing of the tests", () => {
  const wrong = product.flatMap(({ path, imports }) =>
    imports.filter(({ path: target }) => target?.startsWith("test/")).map(({ line }) => `${path}:${line}`),
  );
  expect(wrong).toEqual([]);
});

test("imports form no cycle", () => {
  const edges = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.flatMap(({ path: target, typeOnly }) => (typeOnly || target === undefined ? [] : [target])),
    ]),
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
    if (done.has(path) || trail.includes(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  expect(cycles).toEqual([]);
});

test("files and functions are short", () => {
  const long = sources.flatMap(({ path, text, code }) => {
    const lines = text.trimEnd().split("\n").length;
    const files = lines > linesMax ? [`${path} has ${lines} lines, ${linesMax} are the limit`] : [];
    const functions = functionsOf(code).filter((span) => span.lines > functionLinesMax);
    return [...files, ...functions.map((span) => `${path}:${span.line} a function of ${span.lines} lines`)];
  });
  expect(long).toEqual([]);
});

test("names are kebab-case nouns that say something", () => {
  const wrong = sources.filter(({ path }) => {
    const names = path.replace(/\.(?:test\.|d\.)?ts$/, "").split("/");
    return names.some((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) || name.split("-").some(isEmptyName));
  });
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test("types are kept strict, and no test is switched off", () => {
  const tests = sources.filter(({ path }) => path.startsWith("test/"));
  expect([
    ...matches(/^export default\b/, "default export", sources),
    ...matches(/[:<,|]\s*any\b(?!\s*\()|\bas any\b/, "any", sources),
    ...matches(/\bas unknown as\b/, "cast through unknown", sources),
    ...matches(/[\w)\]]!(?![=:\w])/, "non-null assertion", sources),
    ...matches(/@ts-(?:ignore|nocheck|expect-error)/, "compiler check switched off", sources, "text").filter(
      notThisFile,
    ),
    ...matches(/\b(?:test|it|describe|suite)\.(?:skip|only|todo)\b/, "switched off or alone", tests),
  ]).toEqual([]);
});

test("files and environment are read in few places", () => {
  const readers = product.filter(({ path }) => !mayUseFiles.test(path));
  const others = product.filter(({ path }) => !mayUseEnvironment.test(path));
  const files = readers.flatMap(({ path, imports }) =>
    imports.filter(({ from }) => /^node:fs\b/.test(from)).map(({ line }) => `${path}:${line} uses node:fs`),
  );
  expect([...files, ...matches(/\bprocess\.(?:env|argv)\b/, "uses the environment", others)]).toEqual([]);
});

test("the tests mirror src", () => {
  const wrong = filesOf("test").filter((path) => {
    const folder = dirname(path).split("/").slice(1).join("/");
    if (ownTestFolders.includes(folder.split("/")[0] ?? "")) return false;
    return !existsSync(join(root, "src", folder));
  });
  expect(wrong).toEqual([]);
});

test("every export of src says what it is for", () => {
  const wrong = product.flatMap(({ path, text }) => {
    const lines = text.split("\n");
    return lines.flatMap((line, i) => {
      const name = /^export (?:async |abstract |declare )*(?:function\*?|class|const|let|interface|type) (\w+)/.exec(
        line,
      )?.[1];
      const before = lines[i - 1] ?? "";
      if (name === undefined || before.endsWith("*/") || before.startsWith(`export function ${name}(`)) return [];
      return [`${path}:${i + 1} ${name} has no docstring`];
    });
  });
  expect(wrong).toEqual([]);
});

test("nothing tells of how the code was made", () => {
  expect(matches(foreignWords, "a word that does not belong here", sources, "text")).toEqual([]);
});

test("the scanner sees functions and not what is written in text", () => {
  const sample = [
    "function a(x: string): number {",
    "  if (x) {",
    "    return 1;",
    "  }",
    "  return 2;",
    "}",
    "const b = () => {",
    "};",
  ];
  expect(functionsOf(sample.join("\n")).map(({ line, lines }) => [line, lines])).toEqual([
    [1, 6],
    [7, 2],
  ]);
});

function folderOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}

function isEmptyName(word: string): boolean {
  return emptyNames.includes(word);
}

function notThisFile(finding: string): boolean {
  return !finding.startsWith("test/tidy.test.ts:");
}

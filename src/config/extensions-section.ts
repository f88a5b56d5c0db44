import { createHash } from "node:crypto";
import { lstat, readlink, realpath } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import * as v from "valibot";
import { Secret } from "../model/secret.ts";
import { FileError, readBounded } from "./bounded-file.ts";
import type { ProviderKind, ProviderKinds } from "./environment.ts";
import { expectation, type Findings } from "./findings.ts";
import { pattern } from "./scalar.ts";
import type { ExtensionConfig } from "./schema.ts";
import { section } from "./section.ts";
import { filled } from "./setting.ts";
import type { Path } from "./yaml-file.ts";

const extensionsMax = 32;
const moduleBytesMax = 4 * 1024 * 1024;
/** Permission of everybody to write, and the bit that keeps them from replacing each other's files. */
const writableByAll = 0o002;
const sticky = 0o1000;

const extension = section("An operator's own code: interceptors, kinds of providers, or both.", {
  module: pattern(
    /^(?:\/|\.{1,2}\/).*\.m?[jt]s$/s,
    'must be the path of a .js, .mjs, .ts or .mts file that begins with "/", "./" or "../"; nothing is loaded from elsewhere',
    "Path of the module, absolute or from the directory of this file: .js, .mjs, .ts or .mts.",
  ),
  export: v.optional(
    pattern(/^[A-Za-z_$][\w$]{0,63}$/, "must be the name of an export", "Name of the export that is the extension."),
    "extension",
  ),
  name: v.optional(
    pattern(
      /^[a-z][a-z0-9-]{0,39}$/,
      "must be a lower-case letter, then lower-case letters, digits or -, at most 40 in all",
      "Name in logs and metrics. Absent: the extension's own.",
    ),
  ),
  place: v.optional(
    v.pipe(
      v.picklist(["before-cache", "after-cache"]),
      v.description(
        'Where it meets calls, in both cases before limits. "after-cache": only those that the cache does not answer.',
      ),
    ),
    "before-cache",
  ),
  onFailure: v.optional(
    v.pipe(
      v.picklist(["fail", "continue"]),
      v.description('What becomes of a call when its code throws. "continue": it goes on as without the extension.'),
    ),
    "fail",
  ),
  config: v.nullish(
    v.pipe(
      v.record(v.string(), v.unknown()),
      v.description(`Whatever it wants to know. Texts may be "\${NAME}" or "file:/path".`),
    ),
    {},
  ),
});

/** Extensions in the order in which they stand around a call; the first is outermost. */
export const extensions = v.pipe(
  v.array(extension),
  v.maxLength(extensionsMax, `must have at most ${extensionsMax} entries`),
  v.description("Operators' own code, loaded from files. The first stands outermost around a call."),
);

/** A module to load, and what is configured for it. */
export type ExtensionSource = Pick<ExtensionConfig, "module" | "digest" | "exportName" | "settings">;

/** What loading an extension shows. */
export type ExtensionFacts =
  | { readonly name: string; readonly kinds: ProviderKinds }
  | { readonly problems: readonly ExtensionProblem[] };

/** What is wrong with an extension; the path leads from its entry. */
export interface ExtensionProblem {
  readonly path: Path;
  readonly message: string;
}

/** Loads an extension without starting it. Never rejects. */
export type ExtensionLoader = (source: ExtensionSource) => Promise<ExtensionFacts>;

/** Extensions that are fit for use, and the kinds of providers that they bring. */
export interface FoundExtensions {
  readonly configs: readonly ExtensionConfig[];
  readonly kinds: ProviderKinds;
}

/** Finds and loads the extensions of a file. Problems go to the findings. */
export async function findExtensions(
  value: unknown,
  directory: string,
  { extensions: load, kinds: known }: { readonly extensions?: ExtensionLoader; readonly kinds: ProviderKinds },
  findings: Findings,
): Promise<FoundExtensions> {
  const kinds = new Map<string, ProviderKind>(known);
  const configs: ExtensionConfig[] = [];
  const parsed = v.safeParse(v.nullish(extensions, []), value, { message: expectation });
  if (!parsed.success) findings.addIssues("extensions", parsed.issues);
  if (!parsed.success || parsed.output.length === 0) return { configs, kinds };
  if (load === undefined) {
    findings.add(["extensions"], "cannot be loaded here");
    return { configs, kinds };
  }
  for (const [index, entry] of parsed.output.entries()) {
    const path = ["extensions", index];
    const source = await sourceOf(entry, directory, path, findings);
    const facts = source && (await load(source));
    if (source === undefined || facts === undefined) continue;
    if ("problems" in facts) {
      for (const problem of facts.problems) findings.add([...path, ...problem.path], problem.message);
      continue;
    }
    const name = entry.name ?? facts.name;
    if (configs.some((other) => other.name === name)) {
      findings.add(path, "has the name of another extension; give each a name of its own");
    }
    addKinds(facts.kinds, kinds, [...path, "module"], findings);
    const { place, onFailure } = entry;
    configs.push({ ...source, name, place, onFailure, at: findings.locate(path), path: `extensions[${index}]` });
  }
  return { configs, kinds };
}

function addKinds(own: ProviderKinds, all: Map<string, ProviderKind>, path: Path, findings: Findings): void {
  for (const [kind, facts] of own) {
    if (all.has(kind)) findings.add(path, `brings the kind of provider ${kind}, which there is already`);
    else all.set(kind, facts);
  }
}

async function sourceOf(
  entry: v.InferOutput<typeof extension>,
  directory: string,
  path: Path,
  findings: Findings,
): Promise<ExtensionSource | undefined> {
  const file = resolve(directory, entry.module);
  findings.files.push(file);
  const settings = await filled(entry.config, [...path, "config"], findings);
  try {
    const module = await realpath(file);
    const text = await readBounded(module, moduleBytesMax);
    await refuseWritable(file);
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
    return { module, digest, exportName: entry.export, settings: new Secret(JSON.stringify(settings)) };
  } catch (error) {
    const why = error instanceof FileError ? error.message : "the file does not exist or may not be reached";
    findings.add([...path, "module"], `names a file that cannot be used: ${why}`);
    return undefined;
  }
}

/**
 * What others can write, put another in place of, or lead elsewhere by a link, would run their code with the gateway's
 * credentials. True: everybody may put something beside what is there.
 * @param path absolute; exists.
 */
async function refuseWritable(path: string): Promise<boolean> {
  const directory = dirname(path);
  const isShared = directory !== path && (await refuseWritable(directory));
  const file = await lstat(path);
  if (isShared && file.uid !== 0 && file.uid !== process.geteuid?.()) {
    throw new FileError(`somebody else put ${basename(path)} where everybody may write`);
  }
  if (file.isSymbolicLink()) return refuseWritable(resolve(await realpath(directory), await readlink(path)));
  if ((file.mode & writableByAll) === 0) return false;
  if (!file.isDirectory()) throw new FileError("everybody may write it");
  if ((file.mode & sticky) !== 0) return true;
  throw new FileError(`everybody may write the directory ${basename(path)} on the way to it`);
}

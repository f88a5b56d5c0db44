import { registerHooks } from "node:module";
import { basename, extname } from "node:path";
import { pathToFileURL } from "node:url";
import type { ExtensionFacts, ExtensionProblem, ExtensionSource } from "../config/extensions-section.ts";
import { GatewayError } from "../model/error.ts";
import { faultOf } from "../telemetry/logger.ts";
import type { Extension, SchemaIssue } from "./contract.ts";
import { flawOf } from "./shape.ts";

/** What extensions import from, wherever they stand. */
const publicName = "llm-connector-hub/extension";
/** One folder up in the sources and in the bundle. */
const publicUrl = new URL(`../extension${extname(import.meta.url)}`, import.meta.url).href;
/** Marks the modules of one version of an extension, so that another version is loaded anew. */
const versionParameter = "extension-version";
const issuesMax = 20;
const messageCharsMax = 200;
/** File, line and column at the end of a line of a stack. */
const place = /([^/\\(]+?)(?:\?[^:]*)?:(\d+):(\d+)\)?$/;

/** An extension that is loaded and not yet open. */
export interface LoadedExtension {
  readonly extension: Extension;
  /** As its schema gives them. */
  readonly settings: unknown;
}

/** Loads the module, looks at what it exports, and has the configuration checked by it. Never rejects. */
export async function loadExtension(
  source: ExtensionSource,
): Promise<LoadedExtension | { readonly problems: readonly ExtensionProblem[] }> {
  const { exportName, settings } = source;
  let extension: Extension;
  try {
    const found: unknown = (await moduleOf(source))[exportName];
    const flaw = flawOf(found);
    if (flaw !== undefined) return problem(source, flaw);
    extension = found as Extension;
  } catch (error) {
    return problem(source, `it cannot be loaded: ${causeOf(error, true)}`);
  }
  const configured: unknown = JSON.parse(settings.reveal());
  if (extension.schema === undefined) return { extension, settings: configured };
  try {
    const result = await extension.schema["~standard"].validate(configured);
    if (result.issues === undefined) return { extension, settings: result.value };
    return { problems: result.issues.slice(0, issuesMax).map((issue) => problemOf(issue, configured)) };
  } catch (error) {
    return problem(source, `its schema failed: ${causeOf(error)}`);
  }
}

/** The same, as far as it concerns a configuration. */
export async function extensionFacts(source: ExtensionSource): Promise<ExtensionFacts> {
  const loaded = await loadExtension(source);
  if ("problems" in loaded) return loaded;
  const { name, kinds = [] } = loaded.extension;
  return { name, kinds: new Map(kinds.map((facts) => [facts.kind, facts])) };
}

/** "redact.js (export extension)". */
export function sourceName({ module, exportName }: Pick<ExtensionSource, "module" | "exportName">): string {
  return `${basename(module)} (export ${exportName})`;
}

/**
 * What went wrong in an extension, without what it was configured with: the message of a GatewayError, which its author
 * means to be read; else class and place.
 * @param isLoading Node's own errors are quoted, too: they tell of the module. Later they quote what they were given.
 */
export function causeOf(error: unknown, isLoading = false): string {
  if (error instanceof GatewayError) return error.rawMessage;
  if (!(error instanceof Error)) return `it threw a value of type ${typeof error}`;
  const { code = "" } = error as NodeJS.ErrnoException;
  const isQuoted = isLoading && (error instanceof SyntaxError || String(code).startsWith("ERR_"));
  const said = isQuoted ? `: ${error.message.split("\n")[0]?.slice(0, messageCharsMax)}` : "";
  const frame = faultOf(error)?.stack.find((each) => !each.includes("node:") && place.test(each)) ?? "";
  const [, file, line, column] = place.exec(frame) ?? [];
  return `${error.constructor.name}${said}${file === undefined ? "" : ` at ${file}:${line}:${column}`}`;
}

/** How often a version could not be loaded: Node never tries the same address again, though a file beside it may be there now. */
const failures = new Map<string, number>();

async function moduleOf({ module, digest }: ExtensionSource): Promise<Readonly<Record<string, unknown>>> {
  provideSurface();
  const url = pathToFileURL(module);
  const failed = failures.get(url.href + digest) ?? 0;
  url.searchParams.set(versionParameter, failed === 0 ? digest : `${digest}-${failed}`);
  try {
    return await import(url.href);
  } catch (error) {
    url.search = "";
    failures.set(url.href + digest, failed + 1);
    throw error;
  }
}

let isProvided = false;

/** Lets extensions find the gateway's own modules, the very ones that run, and read their files anew with each version. */
function provideSurface(): void {
  if (isProvided) return;
  isProvided = true;
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (specifier === publicName) return nextResolve(publicUrl, context);
      const found = nextResolve(specifier, context);
      const version = context.parentURL && URL.parse(context.parentURL)?.searchParams.get(versionParameter);
      if (!version || !/^\.{1,2}\//.test(specifier) || !found.url.startsWith("file:")) return found;
      return { ...found, url: `${found.url}?${versionParameter}=${version}` };
    },
  });
}

function problem(source: ExtensionSource, message: string): { readonly problems: readonly ExtensionProblem[] } {
  return { problems: [{ path: ["module"], message: `${sourceName(source)}: ${message}` }] };
}

function problemOf({ message, path = [] }: SchemaIssue, configured: unknown): ExtensionProblem {
  const steps = path.map((step) => (typeof step === "object" ? step.key : step));
  return {
    path: ["config", ...steps.map((step) => (typeof step === "number" ? step : String(step)))],
    message: without(textsIn(configured), message).slice(0, messageCharsMax),
  };
}

/** Schemas like to quote what they were given. The longest first: one text can be part of another. */
function without(texts: readonly string[], message: string): string {
  return texts
    .toSorted((a, b) => b.length - a.length)
    .reduce((said, text) => said.replaceAll(text, "…"), message.replaceAll("\n", " "));
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value.length > 2 ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

import { dirname } from "node:path";
import * as v from "valibot";
import { FileError, readBounded } from "./bounded-file.ts";
import { ConfigError } from "./config-error.ts";
import { configPath } from "./config-path.ts";
import { crossCheck } from "./cross-check.ts";
import { builtInSources, fileSources, type ProviderKinds } from "./environment.ts";
import { type ExtensionLoader, findExtensions } from "./extensions-section.ts";
import { type FileSections, fileSections } from "./file-schema.ts";
import { expectation, Findings } from "./findings.ts";
import { isRecord } from "./record.ts";
import { resolve } from "./resolve.ts";
import type { Config } from "./schema.ts";
import { unknownField } from "./section.ts";
import { fileBytesMax } from "./server-field.ts";
import type { Environment } from "./substitution.ts";
import type { YamlFile } from "./yaml-file.ts";

/** What a configuration is made of. */
export interface LoadOptions {
  /** The file; falls back as in configPath. */
  readonly path?: string | undefined;
  /** What stands in a file, in place of one. */
  readonly sections?: Readonly<Record<string, unknown>> | undefined;
  /** Sections that hold where nothing is said of them, before what is built in. */
  readonly otherwise?: Readonly<Record<string, unknown>>;
  readonly env: Environment;
  /** Kinds of providers that exist. */
  readonly kinds: ProviderKinds;
  /** Loads operators' own code. Absent: a file that names some is refused. */
  readonly extensions?: ExtensionLoader;
}

/** Reads and checks the whole configuration. Rejects with a ConfigError that lists every problem. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { env, sections: given } = options;
  const path = given === undefined ? configPath(options) : undefined;
  const file = given === undefined ? await readConfigFile(path, env) : await readSections(given, env);
  const variables = new Map<string, string>();
  const findings = new Findings(file, variables);
  if (path !== undefined) findings.files.push(path);
  const before = findings.problems.length;
  // First of all: without the kinds of providers that they bring the rest cannot be understood.
  const found = await findExtensions(file?.value["extensions"], dirname(path ?? ""), options, findings);
  if (findings.problems.length > before) throw new ConfigError(findings.problems);
  const { kinds } = found;
  const sources = file === undefined ? builtInSources(kinds, env) : fileSources(file.value, kinds, env);
  for (const [field, variable] of sources.variables) variables.set(field, variable);

  const value = { ...options.otherwise, ...sources.value };
  const sections = validate(value, findings);
  const providerIds = new Set(isRecord(value["providers"]) ? Object.keys(value["providers"]) : []);
  crossCheck(sections, providerIds, kinds, findings);
  if (!isWhole(sections)) throw new ConfigError(findings.problems);
  const config = await resolve(sections, found.configs, findings);
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return config;
}

/** As a file would say it; where a part of it stands nobody can tell. */
async function readSections(sections: Readonly<Record<string, unknown>>, env: Environment): Promise<YamlFile> {
  const { readYaml } = await import("./yaml-file.ts");
  // JSON is YAML.
  return { ...readYaml("config", JSON.stringify(sections), env), locate: () => "config" };
}

async function readConfigFile(path: string | undefined, env: Environment): Promise<YamlFile | undefined> {
  if (path === undefined) return undefined;
  // Loaded late: without a file nothing needs the parser.
  const { readYaml } = await import("./yaml-file.ts");
  try {
    return readYaml(path, await readBounded(path, fileBytesMax), env);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const message = `cannot be used: ${error.message}; check --config and LLMHUB_CONFIG`;
    throw new ConfigError([{ at: path, path: "", message }]);
  }
}

/** The sections that are valid. */
function validate(value: Readonly<Record<string, unknown>>, findings: Findings): Partial<FileSections> {
  for (const name of Object.keys(value)) {
    if (Object.hasOwn(fileSections, name)) continue;
    findings.add([name], unknownField(name, Object.keys(fileSections)), "field");
  }
  const parse = <Schema extends v.GenericSchema>(name: keyof FileSections, schema: Schema) => {
    const result = v.safeParse(schema, value[name], { message: expectation });
    if (result.success) return { [name]: result.output };
    findings.addIssues(name, result.issues);
    return {};
  };
  if (!Object.hasOwn(value, "auth")) {
    findings.add([], "auth is missing: choose auth.mode: keys (callers need an API key) or off (this machine only)");
  }
  return {
    ...parse("server", fileSections.server),
    ...(Object.hasOwn(value, "auth") ? parse("auth", fileSections.auth) : {}),
    ...parse("providers", fileSections.providers),
    ...parse("models", fileSections.models),
    ...parse("timeouts", fileSections.timeouts),
    ...parse("media", fileSections.media),
    ...parse("redis", fileSections.redis),
    ...parse("streams", fileSections.streams),
    ...parse("health", fileSections.health),
    ...parse("cache", fileSections.cache),
    ...parse("idempotency", fileSections.idempotency),
    ...parse("limits", fileSections.limits),
    ...parse("extensions", fileSections.extensions),
    ...parse("overload", fileSections.overload),
    ...parse("tracing", fileSections.tracing),
    ...parse("log", fileSections.log),
  };
}

function isWhole(sections: Partial<FileSections>): sections is FileSections {
  return Object.keys(fileSections).every((name) => name in sections);
}

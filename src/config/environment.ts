import type { Environment } from "./substitution.ts";
import { isRecord } from "./yaml-file.ts";

/** The kind that needs no address and no key: it runs inside the gateway. */
export const builtInKind = "simulator";

/** What configuration has to know of a kind of provider. */
interface ProviderKind {
  /** Its own address, if it has one. */
  readonly baseUrl: string | undefined;
  readonly keyRequired: boolean;
  /** Variable that brings a provider of the kind into being, and its key: "OPENAI_API_KEY". */
  readonly keyVariable?: string;
}

/** Kinds of providers by name. */
export type ProviderKinds = ReadonlyMap<string, ProviderKind>;

/** Variables that take the place of a field, whatever the file says. */
const overrides: Readonly<Record<string, readonly [section: string, field: string]>> = {
  LLMHUB_LISTEN: ["server", "listen"],
  LLMHUB_OPS_LISTEN: ["server", "opsListen"],
  LLMHUB_LOG_LEVEL: ["log", "level"],
  LLMHUB_LOG_FORMAT: ["log", "format"],
};

/** A configuration before validation, and which of its fields came from which environment variable. */
export interface Sources {
  readonly value: Readonly<Record<string, unknown>>;
  /** Variable name by dotted path. */
  readonly variables: ReadonlyMap<string, string>;
}

/** A file's value with what the environment adds: providers if the file has none, and overrides. */
export function fileSources(file: Sources["value"], kinds: ProviderKinds, env: Environment): Sources {
  const variables = new Map<string, string>();
  const value = "providers" in file ? file : { ...file, providers: keyProviders(kinds, env, variables) };
  return { value: override(value, env, variables), variables };
}

/** What holds without a file: open on this machine only, with the simulator and the providers that have a key. */
export function builtInSources(kinds: ProviderKinds, env: Environment): Sources {
  const variables = new Map<string, string>();
  const providers = keyProviders(kinds, env, variables);
  const models = Object.keys(providers).length === 0 ? { default: `${builtInKind}/gpt` } : {};
  const value = { auth: { mode: "off" }, providers: { ...providers, [builtInKind]: {} }, models };
  return { value: override(value, env, variables), variables };
}

function keyProviders(kinds: ProviderKinds, env: Environment, variables: Map<string, string>): Record<string, unknown> {
  const providers: Record<string, unknown> = {};
  for (const [name, { keyVariable }] of kinds) {
    if (keyVariable === undefined || !env[keyVariable]) continue;
    const fields = { apiKey: keyVariable, baseUrl: keyVariable.replace(/_API_KEY$/, "_BASE_URL") };
    const provider: Record<string, string> = {};
    for (const [field, variable] of Object.entries(fields)) {
      const value = env[variable];
      if (!value) continue;
      provider[field] = value;
      variables.set(`providers.${name}.${field}`, variable);
    }
    providers[name] = provider;
  }
  return providers;
}

function override(value: Sources["value"], env: Environment, variables: Map<string, string>): Sources["value"] {
  const changed: Record<string, unknown> = { ...value };
  for (const [variable, [section, field]] of Object.entries(overrides)) {
    const text = env[variable];
    const before = changed[section] ?? {};
    if (!text || !isRecord(before)) continue;
    changed[section] = { ...before, [field]: text };
    variables.set(`${section}.${field}`, variable);
  }
  return changed;
}

import { hash } from "node:crypto";
import { ConfigError } from "./config-error.ts";
import { defaultAddress, type defaultAddresses } from "./default-address.ts";
import { isRecord } from "./record.ts";
import type { Environment } from "./substitution.ts";
import { withTracing } from "./tracing-environment.ts";

/** The kind that needs no address and no key: it runs inside the gateway. */
export const builtInKind = "simulator";

/** What an API key of callers must look like that is given by the environment: what can be sent, and not be guessed. A comma ends a key. */
const callerKey = /^[!-+\--~]{16,512}$/;

/** What configuration has to know of a kind of provider. */
export interface ProviderKind {
  /** Its own address, if it has one; with some kinds it follows from settings. */
  readonly baseUrl:
    | string
    | undefined
    | ((settings: Readonly<Record<string, string | undefined>>) => string | undefined);
  /** What it wants to know besides, by name. */
  readonly settings?: Readonly<Record<string, Setting>>;
  /** Variables that bring a provider of the kind into being beside keyVariable. */
  readonly switches?: readonly string[];
  /** The same, but only where the environment gives every required setting, because other tools have these variables too. */
  readonly sharedSwitches?: readonly string[];
  readonly keyRequired: boolean;
  /** Models known by name. */
  readonly models?: () => ReadonlyMap<string, unknown>;
  /** Reads a list of models; absent where the kind has none. */
  readonly modelNames?: (body: string) => unknown;
  /** Variable that brings a provider of the kind into being, and its key: "OPENAI_API_KEY". */
  readonly keyVariable?: string;
  /** Other names of that variable; the first that is set counts. */
  readonly keyAliases?: readonly string[];
}

interface Setting {
  readonly about: string;
  /** Variables that give it where the file does not; the first that is set counts. */
  readonly variables?: readonly string[];
  readonly required?: true;
  /** All that it can be. */
  readonly values?: readonly string[];
}

/** Kinds of providers by name. */
export type ProviderKinds = ReadonlyMap<string, ProviderKind>;

/** Variables that take the place of a field, whatever the file says. */
export const overrides: Readonly<Record<string, readonly [section: string, field: string]>> = {
  LLMHUB_LISTEN: ["server", "listen"],
  LLMHUB_OPS_LISTEN: ["server", "opsListen"],
  LLMHUB_HTTP_LISTEN: ["server", "httpListen"],
  LLMHUB_WORKERS: ["server", "workers"],
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
  const providers =
    "providers" in file ? completed(file["providers"], kinds, env, variables) : keyProviders(kinds, env, variables);
  const value = { ...file, providers };
  return { value: override(hosted(value, ["listen", "opsListen"], env, variables), env, variables), variables };
}

/**
 * What holds without a file: the simulator and the providers that have a key, for callers who show LLMHUB_API_KEY, or else open
 * on this machine only. Throws a ConfigError for a LLMHUB_API_KEY that is none.
 */
export function builtInSources(kinds: ProviderKinds, env: Environment): Sources {
  const variables = new Map<string, string>();
  const providers = keyProviders(kinds, env, variables);
  const models = Object.keys(providers).length === 0 ? { default: `${builtInKind}/gpt` } : {};
  const value = { auth: callersOf(env), providers: { ...providers, [builtInKind]: {} }, models };
  const fields = ["listen", "opsListen", "httpListen"] as const;
  return { value: override(hosted(value, fields, env, variables), env, variables), variables };
}

function callersOf(env: Environment): Readonly<Record<string, unknown>> {
  const key = env["LLMHUB_API_KEY"];
  if (!key) return { mode: "off" };
  if (!callerKey.test(key)) {
    const message = "must be 16 to 512 visible ASCII characters, without a comma; `llmhub keys new` makes a good one";
    throw new ConfigError([{ at: "LLMHUB_API_KEY", path: "", message }]);
  }
  return { mode: "keys", keys: [{ id: "default", sha256: hash("sha256", key) }] };
}

/** Gives addresses that are not said their defaults, on the host that LLMHUB_HOST names. */
function hosted(
  value: Sources["value"],
  fields: readonly (keyof typeof defaultAddresses)[],
  env: Environment,
  variables: Map<string, string>,
): Sources["value"] {
  const server = value["server"] ?? {};
  if (!isRecord(server)) return value;
  const host = env["LLMHUB_HOST"];
  const added: Record<string, string> = {};
  for (const field of fields) {
    if (server[field] !== undefined) continue;
    added[field] = defaultAddress(field, host);
    if (host) variables.set(`server.${field}`, "LLMHUB_HOST");
  }
  return { ...value, server: { ...server, ...added } };
}

function keyProviders(kinds: ProviderKinds, env: Environment, variables: Map<string, string>): Record<string, unknown> {
  const providers: Record<string, unknown> = {};
  for (const [name, { keyVariable = "", keyAliases = [], switches = [], sharedSwitches = [], settings }] of kinds) {
    const counted = isComplete(settings, env) ? [...switches, ...sharedSwitches] : switches;
    const key = [keyVariable, ...keyAliases].find((variable) => env[variable]);
    if (key === undefined && !counted.some((variable) => env[variable])) continue;
    const address = /_API_KEY$/.test(keyVariable) ? keyVariable.replace(/_API_KEY$/, "_BASE_URL") : "";
    const fields = { apiKey: key ?? "", baseUrl: address };
    const provider: Record<string, unknown> = {};
    for (const [field, variable] of Object.entries(fields)) {
      const value = env[variable];
      if (!value) continue;
      provider[field] = value;
      variables.set(`providers.${name}.${field}`, variable);
    }
    providers[name] = withSettings(name, provider, settings, env, variables);
  }
  return providers;
}

/** Whether the environment gives every setting that the kind cannot do without. */
function isComplete(settings: ProviderKind["settings"] = {}, env: Environment): boolean {
  return Object.values(settings).every(
    ({ required, variables = [] }) => !required || variables.some((name) => env[name]),
  );
}

/** The providers of a file with what the environment says of settings that the file leaves open. */
function completed(
  providers: unknown,
  kinds: ProviderKinds,
  env: Environment,
  variables: Map<string, string>,
): unknown {
  if (!isRecord(providers)) return providers;
  const entries = Object.entries(providers).map(([name, provider]) => {
    const given = provider ?? {};
    if (!isRecord(given)) return [name, provider];
    const kind = typeof given["kind"] === "string" ? given["kind"] : name;
    return [name, withSettings(name, given, kinds.get(kind)?.settings, env, variables)];
  });
  return Object.fromEntries(entries);
}

function withSettings(
  name: string,
  provider: Readonly<Record<string, unknown>>,
  settings: ProviderKind["settings"] = {},
  env: Environment,
  variables: Map<string, string>,
): Readonly<Record<string, unknown>> {
  const given = provider["settings"] ?? {};
  if (!isRecord(given)) return provider;
  const found: Record<string, unknown> = { ...given };
  for (const [setting, { variables: names = [] }] of Object.entries(settings)) {
    const variable = names.find((each) => env[each]);
    if (variable === undefined || found[setting] !== undefined) continue;
    found[setting] = env[variable];
    variables.set(`providers.${name}.settings.${setting}`, variable);
  }
  return Object.keys(found).length === 0 ? provider : { ...provider, settings: found };
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
  const tracing = withTracing(changed["tracing"], env, variables);
  return tracing === undefined ? changed : { ...changed, tracing };
}

import { isDeepStrictEqual } from "node:util";
import { builtInKind, type ProviderKind, type ProviderKinds } from "./environment.ts";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { checkLimits } from "./limits-section.ts";
import { checkModels } from "./model-names.ts";
import type { Address } from "./schema.ts";
import { didYouMean } from "./suggestion.ts";

/** What a single field cannot tell: rules between fields and sections. Sections that are invalid are left out. */
export function crossCheck(
  sections: Partial<FileSections>,
  providerIds: ReadonlySet<string>,
  kinds: ProviderKinds,
  findings: Findings,
): void {
  const { auth, server, providers, models, cache, redis, streams, limits } = sections;
  if (auth !== undefined) checkKeys(auth, findings);
  if (auth?.mode === "off" && server !== undefined && !isLoopback(server.listen)) {
    const message =
      "must be a loopback address (127.0.0.1, [::1] or localhost) while auth.mode is off; " +
      "listen there, or set auth.mode to keys";
    findings.add(["server", "listen"], message);
  }
  if (server !== undefined && server.listen.port !== 0 && isDeepStrictEqual(server.listen, server.opsListen)) {
    findings.add(["server", "opsListen"], "is the same as server.listen; each needs a port of its own");
  }
  const noRedis = "redis" in sections && redis === undefined;
  if (cache !== undefined) checkCache(cache, noRedis, findings);
  if (streams?.shared === true && noRedis) {
    findings.add(["streams", "shared"], "needs the section redis; add it with its url, or remove this");
  }
  if (providers !== undefined) checkProviders(providers, kinds, findings);
  if (models !== undefined) checkModels(models, providerIds, findings);
  if (limits !== undefined) {
    const keys = auth && {
      key: new Set(auth.keys.map(({ id }) => id)),
      tenant: new Set(auth.keys.flatMap(({ tenant }) => tenant || [])),
    };
    checkLimits(limits, { provider: providerIds, ...keys }, findings);
  }
}

function checkCache(
  { driver, bytesMax, entryBytesMax }: FileSections["cache"],
  noRedis: boolean,
  findings: Findings,
): void {
  if (driver === "redis" && noRedis) {
    findings.add(["cache", "driver"], "needs the section redis; add it with its url, or keep answers in memory");
  }
  if (entryBytesMax > bytesMax) {
    findings.add(["cache", "entryBytesMax"], "must not be above cache.bytesMax, or no such answer would find room");
  }
}

function isLoopback({ host }: Address): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function checkKeys({ mode, keys }: FileSections["auth"], findings: Findings): void {
  if (mode === "keys" && keys.length === 0) {
    findings.add(["auth"], "has no keys, so nobody could call; `llmhub keys new` makes one to paste here");
  }
  for (const field of ["id", "sha256"] as const) {
    const seen = new Map<string, number>();
    for (const [index, key] of keys.entries()) {
      const value = key[field].toLowerCase();
      const first = seen.get(value);
      if (first === undefined) seen.set(value, index);
      else findings.add(["auth", "keys", index, field], `is the same as in auth.keys[${first}]; each must be unique`);
    }
  }
}

function checkProviders(providers: FileSections["providers"], kinds: ProviderKinds, findings: Findings): void {
  if (Object.keys(providers).length === 0) {
    const [variable] = [...kinds.values()].flatMap(({ keyVariable }) => keyVariable ?? []);
    const way = `add one, such as ${builtInKind}: {}, or set a variable such as ${variable}`;
    findings.add(["providers"], `has no provider; ${way}`);
  }
  for (const [name, provider] of Object.entries(providers)) {
    const path = ["providers", name];
    const kind = provider.kind ?? name;
    const facts = kinds.get(kind);
    if (facts === undefined) {
      const hint = `${didYouMean(kind, kinds.keys())} (known kinds: ${[...kinds.keys()].join(", ")})`;
      if (provider.kind === undefined) findings.add(path, `needs a kind, because its name is none${hint}`, "key");
      else findings.add([...path, "kind"], `is an unknown kind${hint}`);
      continue;
    }
    const missing = checkSettings(provider.settings, facts.settings ?? {}, path, findings);
    const baseUrl =
      provider.baseUrl ?? (typeof facts.baseUrl === "function" ? facts.baseUrl(provider.settings) : facts.baseUrl);
    if (baseUrl === undefined && missing === 0 && kind !== builtInKind) {
      findings.add(path, addressMissing(facts), "key");
    }
    checkBaseModels(provider.models, facts, path, findings);
    if (provider.discover === true && facts.modelNames === undefined) {
      findings.add([...path, "discover"], "cannot be true: the kind has no list of models; remove it");
    }
    if (facts.keyRequired && provider.apiKey === undefined) {
      findings.add(path, `needs apiKey, such as "\${${facts.keyVariable ?? "API_KEY"}}"`, "key");
    }
  }
}

function addressMissing({ baseUrl, settings = {} }: ProviderKind): string {
  if (typeof baseUrl !== "function") {
    return "needs baseUrl, such as http://localhost:8000/v1, because its kind has no address";
  }
  return `has settings that give no address; check them, or give baseUrl (known: ${Object.keys(settings).join(", ")})`;
}

/** How many settings are missing that the kind cannot do without. */
function checkSettings(
  given: Readonly<Record<string, string>>,
  known: NonNullable<ProviderKind["settings"]>,
  path: readonly string[],
  findings: Findings,
): number {
  const names = Object.keys(known);
  for (const name of Object.keys(given).filter((name) => !names.includes(name))) {
    const hint = names.length === 0 ? "; the kind has none" : `${didYouMean(name, names)} (known: ${names.join(", ")})`;
    findings.add([...path, "settings", name], `is no setting of this kind${hint}`, "key");
  }
  for (const name of names) {
    const values = known[name]?.values;
    const value = given[name];
    if (values === undefined || value === undefined || values.includes(value)) continue;
    findings.add([...path, "settings", name], `must be one of ${values.join(", ")}`);
  }
  const missing = names.filter((name) => known[name]?.required && given[name] === undefined);
  for (const name of missing) {
    const [variable] = known[name]?.variables ?? [];
    const way = variable === undefined ? "" : `, or the environment variable ${variable}`;
    findings.add(path, `needs settings.${name} (${known[name]?.about})${way}`, "key");
  }
  return missing.length;
}

function checkBaseModels(
  models: FileSections["providers"][string]["models"],
  kind: ProviderKind,
  path: readonly string[],
  findings: Findings,
): void {
  for (const [name, { baseModel }] of Object.entries(models)) {
    if (baseModel === undefined) continue;
    const known = kind.models?.() ?? new Map<string, unknown>();
    if (known.has(baseModel)) continue;
    const hint = didYouMean(baseModel, known.keys());
    findings.add([...path, "models", name, "baseModel"], `names no built-in model of this kind${hint}`);
  }
}

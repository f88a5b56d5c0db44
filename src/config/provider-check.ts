import { isDeepStrictEqual } from "node:util";
import { builtInKind, type ProviderKind, type ProviderKinds } from "./environment.ts";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { didYouMean } from "./suggestion.ts";
import type { Path } from "./yaml-file.ts";

type FileProvider = FileSections["providers"][string];
type Settings = Readonly<Record<string, string>>;

/** A key and settings that a provider is opened with, and where they stand. */
interface Opening {
  readonly at: Path;
  readonly apiKey: string | undefined;
  readonly settings: Settings;
}

/** Checks each provider against what its kind needs and knows. */
export function checkProviders(providers: FileSections["providers"], kinds: ProviderKinds, findings: Findings): void {
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
    checkSettings(provider.settings, facts.settings ?? {}, path, findings);
    checkCredentials(provider, facts, path, findings);
    for (const opening of openingsOf(provider, path)) {
      checkOpening(opening, provider, facts, kind === builtInKind, findings);
    }
    checkBaseModels(provider.models, facts, path, findings);
    if (provider.discover === true && facts.modelNames === undefined) {
      findings.add([...path, "discover"], "cannot be true: the kind has no list of models; remove it");
    }
  }
}

/** One for each credential, or the one of a provider without. */
function openingsOf({ apiKey, credentials, settings }: FileProvider, path: Path): readonly Opening[] {
  if (credentials === undefined) return [{ at: path, apiKey, settings }];
  return credentials.map((credential, index) => ({
    at: [...path, "credentials", index],
    apiKey: credential.apiKey,
    settings: { ...settings, ...credential.settings },
  }));
}

function checkOpening(
  { at, apiKey, settings }: Opening,
  provider: FileProvider,
  facts: ProviderKind,
  isBuiltIn: boolean,
  findings: Findings,
): void {
  const missing = checkRequired(settings, facts.settings ?? {}, at, findings);
  if (addressOf(provider, facts, settings) === undefined && missing === 0 && !isBuiltIn) {
    findings.add(at, addressMissing(facts), "key");
  }
  if (facts.keyRequired && apiKey === undefined) {
    findings.add(at, `needs apiKey, such as "\${${facts.keyVariable ?? "API_KEY"}}"`, "key");
  }
}

function checkCredentials(provider: FileProvider, facts: ProviderKind, path: Path, findings: Findings): void {
  const { credentials = [] } = provider;
  if (credentials.length > 0 && provider.apiKey !== undefined) {
    findings.add([...path, "apiKey"], "stands beside credentials; make it one of them, with a name");
  }
  const origins = openingsOf(provider, path).map(({ settings }) => originOf(addressOf(provider, facts, settings)));
  for (const [index, credential] of credentials.entries()) {
    const at = [...path, "credentials", index];
    checkSettings(credential.settings, facts.settings ?? {}, at, findings);
    const { name, ...proof } = credential;
    const sameName = credentials.findIndex((other) => other.name === name);
    if (sameName < index)
      findings.add([...at, "name"], `is the same as of credentials[${sameName}]; each must be unique`);
    const same = credentials.findIndex(({ name: _name, ...other }) => isDeepStrictEqual(other, proof));
    if (same < index) findings.add(at, `is the same credential as credentials[${same}]; remove one`);
    if (origins[index] !== origins[0]) {
      findings.add(
        at,
        "leads to another address than credentials[0]; make it a provider of its own, and a policy over both",
      );
    }
  }
}

function addressOf({ baseUrl }: FileProvider, facts: ProviderKind, settings: Settings): string | undefined {
  return baseUrl ?? (typeof facts.baseUrl === "function" ? facts.baseUrl(settings) : facts.baseUrl);
}

function originOf(address: string | undefined): string | undefined {
  return address !== undefined && URL.canParse(address) ? new URL(address).origin : address;
}

function addressMissing({ baseUrl, settings = {} }: ProviderKind): string {
  if (typeof baseUrl !== "function") {
    return "needs baseUrl, such as http://localhost:8000/v1, because its kind has no address";
  }
  return `has settings that give no address; check them, or give baseUrl (known: ${Object.keys(settings).join(", ")})`;
}

function checkSettings(
  given: Settings,
  known: NonNullable<ProviderKind["settings"]>,
  path: Path,
  findings: Findings,
): void {
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
}

/** How many settings are missing that the kind cannot do without. */
function checkRequired(
  given: Settings,
  known: NonNullable<ProviderKind["settings"]>,
  path: Path,
  findings: Findings,
): number {
  const missing = Object.keys(known).filter((name) => known[name]?.required && given[name] === undefined);
  for (const name of missing) {
    const [variable] = known[name]?.variables ?? [];
    const way = variable === undefined ? "" : `, or the environment variable ${variable}`;
    findings.add(path, `needs settings.${name} (${known[name]?.about})${way}`, "key");
  }
  return missing.length;
}

function checkBaseModels(models: FileProvider["models"], kind: ProviderKind, path: Path, findings: Findings): void {
  for (const [name, { baseModel }] of Object.entries(models)) {
    if (baseModel === undefined) continue;
    const known = kind.models?.() ?? new Map<string, unknown>();
    if (known.has(baseModel)) continue;
    const hint = didYouMean(baseModel, known.keys());
    findings.add([...path, "models", name, "baseModel"], `names no built-in model of this kind${hint}`);
  }
}

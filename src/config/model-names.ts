import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { didYouMean } from "./suggestion.ts";
import type { Path } from "./yaml-file.ts";

type Models = FileSections["models"];

/** What a name may lead to, by what it begins with; "" for an alias, which has no slash. */
type Known = Readonly<Record<string, Iterable<string>>>;

/** Providers of these names could never be called: selectors that begin so lead elsewhere. */
const reserved = ["policies", "chains", "aliases", "providers"];

/** Checks that every name leads to a model: that what it names exists, and that no alias leads back to itself. */
export function checkModels(
  models: Models,
  providerIds: ReadonlySet<string>,
  providers: FileSections["providers"],
  findings: Findings,
): void {
  const aliases = new Map(Object.entries(models.aliases));
  const { policies, chains } = models;
  const all: Known = { "": [...aliases.keys()], policies: Object.keys(policies), chains: Object.keys(chains) };
  const check = (path: readonly (string | number)[], target: string, known: Known) => {
    const problem = targetProblem(target, known, providerIds);
    if (problem !== undefined) findings.add(path, problem);
  };
  if (models.default !== undefined) check(["models", "default"], models.default, all);
  for (const [alias, target] of aliases) check(["models", "aliases", alias], target, all);
  for (const [name, { targets }] of Object.entries(policies)) {
    for (const [index, { model, credentials = [] }] of targets.entries()) {
      const path = ["models", "policies", name, "targets", index, "model"];
      checkCredentials(model, credentials, providers, [...path.slice(0, -1), "credentials"], findings);
      check(path, model, {});
      const first = targets.findIndex((other) => other.model === model);
      if (first !== index) findings.add(path, `is the same as in targets[${first}]; give it a higher weight instead`);
    }
    checkPolicy(name, models, providers, findings);
  }
  for (const [name, { steps }] of Object.entries(chains)) {
    for (const [index, { target }] of steps.entries()) {
      check(["models", "chains", name, "steps", index, "target"], target, { policies: Object.keys(policies) });
    }
  }
  for (const [pattern, provider] of Object.entries(models.patterns)) {
    if (!providerIds.has(provider)) findings.add(["models", "patterns", pattern], noProvider(provider, providerIds));
  }
  for (const id of reserved.filter((name) => providerIds.has(name))) {
    findings.add(["providers", id], `cannot be called ${id}: models named ${id}/… are something else`, "key");
  }
  for (const cycle of cyclesOf(aliases)) {
    const message = `leads back to itself (${[...cycle, cycle[0]].join(" → ")}); let one of them name a model`;
    findings.add(["models", "aliases", cycle[0] ?? ""], message, "key");
  }
}

/** Names of credentials that a target restricts itself to. */
function checkCredentials(
  model: string,
  names: readonly string[],
  providers: FileSections["providers"],
  path: Path,
  findings: Findings,
): void {
  const id = providerIdOf(model);
  const known = providers[id]?.credentials?.map(({ name }) => name) ?? [];
  for (const [index, name] of names.entries()) {
    if (providers[id] === undefined || known.includes(name)) continue;
    const hint = known.length === 0 ? "it has no names for any" : `it has ${known.join(", ")}`;
    findings.add([...path, index], `names no credential of ${id}${didYouMean(name, known)} (${hint})`);
  }
}

function checkPolicy(
  name: string,
  { policies }: Models,
  providers: FileSections["providers"],
  findings: Findings,
): void {
  const { strategy, targets = [], stickyTo } = policies[name] ?? {};
  const path = ["models", "policies", name];
  if (strategy === "weighted" && targets.every(({ weight }) => weight === 0)) {
    findings.add([...path, "targets"], "has no target with a weight, so none could be picked; give one a weight");
  }
  const isRotated = targets.some(({ model }) => (providers[providerIdOf(model)]?.credentials?.length ?? 0) > 1);
  if (stickyTo !== undefined && !isRotated && (strategy === "priority" || strategy === "lowest-cost")) {
    findings.add([...path, "stickyTo"], `has no effect: ${strategy} prefers the same target for all; remove it`);
  }
}

function providerIdOf(model: string): string {
  return model.slice(0, Math.max(0, model.indexOf("/")));
}

/** What is wrong with a target, where aliases, policies and chains are known by name and `known` lacks what it may not name. */
function targetProblem(target: string, known: Known, providerIds: ReadonlySet<string>): string | undefined {
  const slash = target.indexOf("/");
  const kind = target.slice(0, Math.max(0, slash));
  const name = target.slice(slash + 1);
  if (kind !== "" && name === "") return 'lacks the model after the "/"';
  const names = known[kind];
  if (names === undefined) {
    if (slash === -1 || reserved.includes(kind)) {
      const policies = known["policies"] === undefined ? "" : ' or "policies/name"';
      return `must be "provider/model"${policies}: no alias and nothing that picks once more`;
    }
    return providerIds.has(kind) ? undefined : noProvider(kind, providerIds);
  }
  if ([...names].includes(name)) return undefined;
  if (slash >= 0) return `names nothing in models.${kind}${didYouMean(name, names)}`;
  return `names an alias that does not exist${didYouMean(target, names)} (write an alias or "provider/model")`;
}

function noProvider(id: string, providerIds: ReadonlySet<string>): string {
  const known = [...providerIds].join(", ");
  return `names a provider that is not configured${didYouMean(id, providerIds)} (configured: ${known})`;
}

/** Each cycle once, from its first alias in the order of the file. */
function cyclesOf(aliases: ReadonlyMap<string, string>): string[][] {
  const cycles: string[][] = [];
  const settled = new Set<string>();
  for (const start of aliases.keys()) {
    const walk: string[] = [];
    let alias: string | undefined = start;
    while (alias !== undefined && aliases.has(alias) && !settled.has(alias) && !walk.includes(alias)) {
      walk.push(alias);
      alias = aliases.get(alias);
    }
    const back = alias === undefined ? -1 : walk.indexOf(alias);
    if (back !== -1) cycles.push(walk.slice(back));
    for (const seen of walk) settled.add(seen);
  }
  return cycles;
}

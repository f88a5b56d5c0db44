import { BadRequestSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayError } from "../model/error.ts";
import type { Chain, Policy, RetryRules } from "../model/policy.ts";
import type { ModelFacts, ModelPattern, Provider, Target } from "../model/target.ts";
import { knownFacts } from "./known-facts.ts";
import { nearNames } from "./near-names.ts";
import { chainRoute, plainRoute, policyRoute, type Route, retryDefault, targetsOf } from "./route.ts";

/** Names travel in paths, where these lead elsewhere: no model has such a name. */
const dotSegment = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** What the configuration says about names. Aliases lead to whatever can be named, without cycles. */
export interface RouterSnapshot {
  readonly providers: ReadonlyMap<string, Provider>;
  /** Those of `providers` with each of their credentials, by id. Absent: each has one. */
  readonly twins?: ReadonlyMap<string, readonly Provider[]>;
  readonly aliases: ReadonlyMap<string, string>;
  /** Where names without a provider lead: "gpt-*" to the id of a provider. Where they
   * are as long as a provider's own they go before it. */
  readonly patterns?: ReadonlyMap<string, string>;
  /** How names begin that would lead somewhere if a provider of the kind were configured. */
  readonly absent?: readonly { readonly prefix: string; readonly kind: string }[];
  /** By name, without "policies/" and "chains/". */
  readonly policies?: ReadonlyMap<string, Policy>;
  readonly chains?: ReadonlyMap<string, Chain>;
  /** How calls are repeated that no policy leads. */
  readonly retry?: RetryRules;
  /** Alias or "provider/model" of a caller who names none. */
  readonly defaultModel: string | undefined;
}

/** A pattern and the id of the provider that it leads to. */
type PatternOf = ModelPattern & { readonly provider: string };

/** Turns resource names into selectors: "aliases/fast" is "fast", "providers/p/models/m" is "p/m". */
export function selectorOf(name: string): string {
  if (name.startsWith("aliases/")) return name.slice("aliases/".length);
  if (!name.startsWith("providers/")) return name;
  const providerEnd = name.indexOf("/", "providers/".length);
  if (providerEnd < 0 || !name.startsWith("/models/", providerEnd)) return name;
  return `${name.slice("providers/".length, providerEnd)}/${name.slice(providerEnd + "/models/".length)}`;
}

/** "providers/openai/models/gpt-4o". */
export function resourceNameOf(target: Target): string {
  return `providers/${target.provider.id}/models/${target.model}`;
}

/**
 * Finds the target of a selector. Built once per configuration and immutable: nothing is remembered from one call to
 * the next, so names that callers invent cost no memory.
 */
export class Router {
  /** Alias or "provider/model" of a caller who names none. */
  readonly defaultModel: string | undefined;
  /** Models that a provider's table, an alias, a policy or a chain names, by selector in code unit order. */
  readonly targets: readonly Target[];
  readonly #providers: ReadonlyMap<string, Provider>;
  readonly #twins: ReadonlyMap<string, readonly Provider[]>;
  readonly #routes = new Map<string, Route>();
  readonly #aliases = new Map<string, string[]>();
  readonly #absent: NonNullable<RouterSnapshot["absent"]>;
  /** Longest beginning first. */
  readonly #patterns: readonly PatternOf[];

  readonly #retry: RetryRules;

  constructor(snapshot: RouterSnapshot) {
    const { providers, aliases, patterns = new Map(), absent = [], defaultModel } = snapshot;
    this.defaultModel = defaultModel;
    this.#absent = absent;
    this.#providers = providers;
    this.#twins = snapshot.twins ?? new Map();
    this.#retry = snapshot.retry ?? retryDefault;
    const found: PatternOf[] = [
      ...[...patterns].map(([pattern, provider]) => ({ prefix: pattern.slice(0, -1), strips: false, provider })),
      ...[...providers.values()].flatMap(({ id, patterns = [] }) =>
        patterns.map((each) => ({ ...each, provider: id })),
      ),
    ];
    this.#patterns = found.sort((a, b) => b.prefix.length - a.prefix.length || yielding(a) - yielding(b));
    for (const provider of providers.values()) {
      for (const [model, facts] of provider.models) this.#declare({ provider, model, facts });
    }
    for (const [name, policy] of snapshot.policies ?? []) {
      this.#lead(policyRoute(`policies/${name}`, policy, (...of) => this.#twinsOf(...of)));
    }
    for (const [name, chain] of snapshot.chains ?? []) {
      this.#lead(chainRoute(`chains/${name}`, chain, (selector) => this.find(selector)));
    }
    const ends = endsOf(aliases);
    for (const [alias, end] of ends) this.#declareAlias(alias, end);
    for (const names of this.#aliases.values()) names.sort();
    this.targets = targetsOf({ steps: [...this.#routes.values()].flatMap(({ steps }) => steps) }).toSorted((a, b) =>
      a.selector < b.selector ? -1 : 1,
    );
  }

  /** Aliases, policies and chains that lead to the model of this selector, in code unit order. */
  aliasesOf(selector: string): readonly string[] {
    return this.#aliases.get(selector) ?? [];
  }

  /** Like `resolve`, but undefined when there is nothing to be found. */
  find(selector: string): Route | undefined {
    const wanted = selector === "" ? this.defaultModel : selectorOf(selector);
    if (wanted === undefined) return undefined;
    const route = this.#routes.get(wanted);
    if (route !== undefined) return route.selector === selector ? route : { ...route, selector };
    const target = this.#undeclared(wanted) ?? this.#matching(wanted);
    return target && this.#plain(selector, target);
  }

  /**
   * The route of an alias, of "provider/model", of a name that a pattern knows, of their resource names, or of the default
   * when empty. A model need not
   * be declared; its provider must. `suggestible` limits the near names of the error to what the caller may know.
   */
  resolve(selector: string, suggestible: (selector: string) => boolean = () => true): Route {
    const route = this.find(selector);
    if (route !== undefined) return route;
    const wanted = selector === "" ? this.defaultModel : selectorOf(selector);
    if (wanted === undefined) throw modelRequired();
    throw modelNotFound(
      wanted,
      nearNames(wanted, [...this.#routes.keys()].filter(suggestible)),
      this.#absentFor(wanted),
    );
  }

  /** Kinds of providers that would take the name but are not configured. */
  #absentFor(name: string): readonly string[] {
    return this.#absent.filter(({ prefix }) => name.startsWith(prefix)).map(({ kind }) => kind);
  }

  #declare({ provider, model, facts }: Omit<Target, "selector">): void {
    const selector = `${provider.id}/${model}`;
    const target = Object.freeze(targetOf(provider, model, facts));
    this.#routes.set(selector, this.#plain(selector, target));
  }

  #declareAlias(alias: string, leadsTo: string): void {
    const undeclared = this.#undeclared(leadsTo);
    const route = this.#routes.get(leadsTo) ?? (undeclared && this.#plain(leadsTo, undeclared));
    this.#lead(route && Object.freeze({ ...route, selector: alias, policy: route.policy || `aliases/${alias}` }));
  }

  #plain(selector: string, target: Target): Route {
    return plainRoute(selector, target, this.#withCredentials(target), this.#retry);
  }

  /** The target of a selector with each of these credentials; with all if none is named. */
  #twinsOf(selector: string, credentials: readonly string[]): readonly Target[] {
    const target = this.find(selector)?.target;
    if (target === undefined) return [];
    const twins = this.#withCredentials(target);
    return credentials.length === 0
      ? twins
      : twins.filter(({ provider }) => credentials.includes(provider.credential ?? ""));
  }

  #withCredentials(target: Target): readonly Target[] {
    const twins = this.#twins.get(target.provider.id) ?? [];
    return twins.length < 2 ? [target] : twins.map((provider) => Object.freeze({ ...target, provider }));
  }

  /** Takes a name into use that leads to models. */
  #lead(route: Route | undefined): void {
    if (route === undefined) return;
    this.#routes.set(route.selector, route);
    for (const { selector } of targetsOf(route)) {
      const names = this.#aliases.get(selector);
      if (names === undefined) this.#aliases.set(selector, [route.selector]);
      else names.push(route.selector);
    }
  }

  /** The target of a name that says no provider, by how it begins. */
  #matching(name: string): Target | undefined {
    const found = this.#patterns.find(({ prefix }) => name.startsWith(prefix));
    if (found === undefined) return undefined;
    const selector = `${found.provider}/${found.strips ? name.slice(found.prefix.length) : name}`;
    return this.#routes.get(selector)?.target ?? this.#undeclared(selector);
  }

  #undeclared(selector: string): Target | undefined {
    const slash = selector.indexOf("/");
    const provider = this.#providers.get(selector.slice(0, Math.max(0, slash)));
    const model = selector.slice(slash + 1);
    if (provider === undefined || model === "" || dotSegment.test(model)) return undefined;
    return targetOf(provider, model, knownFacts(provider.models, model));
  }
}

/** What each alias leads to in the end. Each step is gone once, however long the ways are. */
function endsOf(aliases: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const ends = new Map<string, string>();
  for (const alias of aliases.keys()) {
    const passed: string[] = [];
    let name = alias;
    while (aliases.has(name) && !ends.has(name) && passed.length < aliases.size) {
      passed.push(name);
      name = selectorOf(aliases.get(name) ?? "");
    }
    const end = ends.get(name) ?? name;
    for (const each of passed) ends.set(each, end);
  }
  return ends;
}

/** A model at a provider, of which this is known. */
export function targetOf(provider: Provider, model: string, facts: ModelFacts): Target {
  const selector = `${provider.id}/${model}`;
  const region = provider.regionOf?.(model);
  return region === undefined ? { provider, model, selector, facts } : { provider, model, selector, facts, region };
}

/** After what stands first among patterns of the same length: those that yield, as 1. */
function yielding({ yields }: ModelPattern): number {
  return yields === true ? 1 : 0;
}

function modelRequired(): GatewayError {
  const description = "no model is given and the gateway has no default. Set model to an alias or to provider/model";
  return new GatewayError("MODEL_REQUIRED", description).detail(BadRequestSchema, {
    fieldViolations: [{ field: "model", description, reason: "MODEL_REQUIRED" }],
  });
}

function modelNotFound(model: string, near: readonly string[], absent: readonly string[]): GatewayError {
  const advice = [
    ...(absent.length > 0 ? [`No provider is configured that takes such names (${absent.join(" or ")})`] : []),
    near.length > 0
      ? `Did you mean ${near.join(" or ")}`
      : "Use an alias or provider/model of a configured provider. ListModels lists them",
  ].join(". ");
  const metadata = { model, nearNames: near.join(",") };
  return new GatewayError("MODEL_NOT_FOUND", `unknown model ${model}. ${advice}`, { metadata }).detail(
    ResourceInfoSchema,
    { resourceType: "llmhub.v1.Model", resourceName: model, description: "no alias and no provider of this name" },
  );
}

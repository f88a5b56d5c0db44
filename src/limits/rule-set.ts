import { type Draw, keyOf, type Rule } from "./rule.ts";

/** Keys of counters that a rule remembers; more make it begin anew. */
const keysMax = 1000;

/** A rule with what is always the same about it. */
interface Entry {
  readonly rule: Rule;
  /** The same for rules that differ in `match` alone. */
  readonly group: number;
  /** How exactly `match` names its subject; rules without are the least exact. */
  readonly exactness: number;
  /** By subject. */
  readonly keys: Map<string, string>;
}

/** Rules, looked through once per configuration so that little is left to do per call. */
export class RuleSet {
  readonly #entries: readonly Entry[];
  /** By group, while draws are being found: which of them is its own, or -1. */
  readonly #places: Int32Array;
  /** By draw, while they are being found. */
  readonly #found: Entry[] = [];

  constructor(rules: readonly Rule[]) {
    const groups = new Map<string, number>();
    this.#entries = rules.map((rule) => {
      const name = `${rule.scope} ${rule.metric} ${rule.per}`;
      const group = groups.get(name) ?? groups.size;
      groups.set(name, group);
      return { rule, group, exactness: exactnessOf(rule), keys: new Map() };
    });
    this.#places = new Int32Array(groups.size);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  filter(test: (rule: Rule) => boolean): RuleSet {
    return new RuleSet(this.#entries.map(({ rule }) => rule).filter(test));
  }

  /**
   * What a call takes of the rules that concern it: of those that differ in `match` alone, the one that names its subject
   * most exactly.
   */
  drawsFor(subjectOf: (scope: Rule["scope"]) => string | undefined, costOf: (rule: Rule) => number): Draw[] {
    const draws: Draw[] = [];
    this.#places.fill(-1);
    let scope: Rule["scope"] | undefined;
    let subject: string | undefined;
    for (const entry of this.#entries) {
      const { rule, group } = entry;
      if (rule.scope !== scope) subject = subjectOf(rule.scope);
      scope = rule.scope;
      if (subject === undefined || !matches(rule.match, subject)) continue;
      const place = this.#places[group] ?? -1;
      if (place >= 0 && entry.exactness <= (this.#found[place]?.exactness ?? 0)) continue;
      const own = place < 0 ? draws.length : place;
      this.#places[group] = own;
      this.#found[own] = entry;
      draws[own] = { rule, subject, key: keyFor(entry, subject), limit: rule.limit, cost: costOf(rule) };
    }
    return draws;
  }
}

/** One text for all calls: it is hashed once. */
function keyFor({ rule, keys }: Entry, subject: string): string {
  let key = keys.get(subject);
  if (key === undefined) {
    if (keys.size >= keysMax) keys.clear();
    key = keyOf(rule, subject);
    keys.set(subject, key);
  }
  return key;
}

function matches(match: string | undefined, subject: string): boolean {
  if (match === undefined) return true;
  return match.endsWith("*") ? subject.startsWith(match.slice(0, -1)) : subject === match;
}

function exactnessOf({ match }: Rule): number {
  if (match === undefined) return -1;
  return match.endsWith("*") ? match.length - 1 : Number.POSITIVE_INFINITY;
}

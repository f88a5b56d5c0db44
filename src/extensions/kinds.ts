import type { ExtensionConfig } from "../config/schema.ts";
import { GatewayError } from "../model/error.ts";
import type { ProviderFacts } from "../providers/provider.ts";
import type { ExtensionKind } from "./contract.ts";
import { causeOf, loadExtension } from "./module.ts";

/** Kinds of providers by name. */
export type Kinds = ReadonlyMap<string, ProviderFacts>;

/** Facts that were made safe, so that the same facts stay the same. */
const known = new WeakMap<ExtensionKind, ProviderFacts>();

/** The kinds of providers that there are, with those that the extensions of a checked configuration bring. */
export async function kindsWith(shipped: Kinds, extensions: readonly ExtensionConfig[]): Promise<Kinds> {
  if (extensions.length === 0) return shipped;
  const all = new Map(shipped);
  for (const config of extensions) {
    const loaded = await loadExtension(config);
    if ("problems" in loaded) continue;
    for (const facts of loaded.extension.kinds ?? []) all.set(facts.kind, safe(facts));
  }
  return all;
}

/** The facts, whose functions throw nothing that tells of keys or settings. Dialects are watched where they are used. */
function safe(facts: ExtensionKind): ProviderFacts {
  const before = known.get(facts);
  if (before !== undefined) return before;
  const checked = Object.entries(facts).map(([name, fact]) => [
    name,
    typeof fact === "function" ? quiet(facts.kind, name, fact) : fact,
  ]);
  const made: ProviderFacts = { ...facts, ...Object.fromEntries(checked) };
  known.set(facts, made);
  return made;
}

function quiet<Own extends object>(kind: string, name: string, own: Own): Own {
  return new Proxy(own, {
    apply: (target, self, given) => {
      try {
        return Reflect.apply(target as never, self, given);
      } catch (error) {
        if (error instanceof GatewayError) throw error;
        const why = `${name} of the kind ${kind} failed: ${causeOf(error)}`;
        throw new GatewayError("INVALID_REQUEST", why, { cause: error });
      }
    },
  });
}

import type { Config } from "../config/schema.ts";
import { Secret } from "../model/secret.ts";

/** What a secret is packed into; nothing else in a configuration has one field of this name with text in it. */
const secretField = "$secret";

/** A configuration in a form that can be sent to another process, secrets included. Not for logs. */
export interface Parcel {
  readonly packed: unknown;
}

/** Packs a configuration for a worker. */
export function packed(config: Config): Parcel {
  return {
    packed: mapped(config, (value) => (value instanceof Secret ? { [secretField]: value.reveal() } : undefined)),
  };
}

/** The same configuration again. */
export function unpacked({ packed: parcel }: Parcel): Config {
  return mapped(parcel, secretIn) as Config;
}

function secretIn(value: object): Secret | undefined {
  const [entry, ...others] = Object.entries(value);
  const isSecret = entry?.[0] === secretField && typeof entry[1] === "string" && others.length === 0;
  return isSecret ? new Secret(entry[1]) : undefined;
}

/** A copy of lists, maps, sets and plain objects in which some objects are replaced by others. */
function mapped(value: unknown, replaced: (value: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const other = replaced(value);
  if (other !== undefined) return other;
  const inside = (each: unknown) => mapped(each, replaced);
  if (Array.isArray(value)) return value.map(inside);
  if (value instanceof Set) return new Set([...value].map(inside));
  if (value instanceof Map) return new Map([...value].map(([name, each]) => [name, inside(each)]));
  if (ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inside(each)]));
}

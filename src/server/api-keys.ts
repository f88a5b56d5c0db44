import { hash, timingSafeEqual } from "node:crypto";
import type { Caller } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";

/** A key that callers may show. */
export interface ApiKey {
  readonly id: string;
  /** SHA-256 of the secret, 64 lower-case hex digits. Undefined: it has none, and goes by its identities only. */
  readonly sha256: string | undefined;
  /** URIs and DNS names of certificates that stand for it. */
  readonly identities?: readonly string[];
  /** As in Caller.tenantId. */
  readonly tenant: string;
  /** As in Caller.models. */
  readonly models: readonly string[] | undefined;
  /** As in Caller.scopes. */
  readonly scopes?: readonly string[];
  /** Milliseconds since 1970; undefined means never. */
  readonly expireTimeMs: number | undefined;
  readonly suspended: boolean;
}

/** Longest secret that is looked at; longer ones are refused without hashing them. */
const secretCharsMax = 512;
/** Clocks of several machines differ: a key lives this much longer than it says. */
const leewayMs = 60_000;
const digestBytes = 32;
/** Hex digits of the digest that find an entry; the whole digest is then compared in constant time. */
const prefixChars = 16;

/** Characters of identities that a message repeats. */
const shownChars = 200;

interface Entry {
  readonly key: ApiKey;
  readonly caller: Caller;
}

interface SecretEntry extends Entry {
  readonly digest: Buffer;
}

/** What a connection showed last, and whose it is. */
interface Shown {
  readonly secret: string;
  readonly entry: Entry;
}

/**
 * The callers that are known, by the digest of their secret. Holds no secret but the good one that a connection showed
 * last, as long as that is open: the decoder of its headers keeps it as long, and most show the same with every call.
 */
export class ApiKeys {
  readonly #entries = new Map<string, SecretEntry>();
  readonly #byIdentity = new Map<string, Entry>();
  readonly #shown = new WeakMap<object, Shown>();
  readonly #nowMs: () => number;
  /** The digest that is looked for. */
  readonly #presented = Buffer.alloc(digestBytes);

  /** @param nowMs the wall clock: expiry is a date, not a duration. */
  constructor(keys: readonly ApiKey[], nowMs: () => number) {
    this.#nowMs = nowMs;
    for (const key of keys) {
      const { id, tenant, models, scopes = [] } = key;
      const caller: Caller = { keyId: id, tenantId: tenant, models, ...(scopes.length > 0 && { scopes }) };
      for (const identity of key.identities ?? []) this.#byIdentity.set(identity, { key, caller });
      if (key.sha256 === undefined) continue;
      const prefix = key.sha256.slice(0, prefixChars);
      const other = this.#entries.get(prefix);
      if (other !== undefined) throw new Error(`the API keys ${other.key.id} and ${id} have the same digest`);
      const digest = Buffer.from(key.sha256, "hex");
      if (digest.length !== digestBytes) throw new Error(`the sha256 of the API key ${id} is not 64 hex digits`);
      this.#entries.set(prefix, { key, digest, caller });
    }
  }

  /**
   * Who shows this secret. Throws API_KEY_INVALID, API_KEY_EXPIRED or API_KEY_SUSPENDED. A digest costs about 2 µs.
   * @param connection what it came on; absent: a digest is made in any case.
   */
  identify(presented: string, connection?: object): Caller {
    const shown = connection && this.#shown.get(connection);
    const isSame = shown !== undefined && equals(shown.secret, presented);
    const entry = isSame ? shown.entry : this.#find(presented);
    if (!isSame && entry !== undefined && connection !== undefined)
      this.#shown.set(connection, { secret: presented, entry });
    if (entry === undefined) throw new GatewayError("API_KEY_INVALID", "the API key is not known");
    return this.#valid(entry);
  }

  /** Whose certificate has these names. Throws IDENTITY_UNKNOWN, API_KEY_EXPIRED or API_KEY_SUSPENDED. */
  recognize(names: readonly string[]): Caller {
    let found: Entry | undefined;
    for (const name of names) {
      const entry = this.#byIdentity.get(name);
      if (entry === undefined || entry.key === found?.key) continue;
      if (found !== undefined) throw unknown("belong to several API keys. Give them to one of these only", names);
      found = entry;
    }
    if (found === undefined) throw unknown("belong to no API key. Add one to auth.keys[].identities", names);
    return this.#valid(found);
  }

  #valid({ key, caller }: Entry): Caller {
    if (key.expireTimeMs !== undefined && this.#nowMs() >= key.expireTimeMs + leewayMs) {
      throw new GatewayError("API_KEY_EXPIRED", "the API key has expired", {
        metadata: { expireTime: new Date(key.expireTimeMs).toISOString() },
      });
    }
    if (key.suspended) {
      throw new GatewayError("API_KEY_SUSPENDED", "the API key is suspended", {
        metadata: { subject: `apiKeys/${key.id}` },
      });
    }
    return caller;
  }

  #find(presented: string): SecretEntry | undefined {
    if (presented.length > secretCharsMax) return undefined;
    const digest = hash("sha256", presented, "hex");
    const entry = this.#entries.get(digest.slice(0, prefixChars));
    if (entry === undefined) return undefined;
    this.#presented.write(digest, "hex");
    return timingSafeEqual(entry.digest, this.#presented) ? entry : undefined;
  }
}

function unknown(what: string, names: readonly string[]): GatewayError {
  const identity = names.join(" ").slice(0, shownChars);
  const message = `the names in the client certificate ${what}, or send a key as authorization Bearer lh_.... It has ${identity}`;
  return new GatewayError("IDENTITY_UNKNOWN", message, { metadata: { identity } });
}

/** In a time that tells nothing of where they differ. */
function equals(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

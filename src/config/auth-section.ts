import * as v from "valibot";
import type { AuthConfig } from "./auth.ts";
import type { Findings } from "./findings.ts";
import { pattern, time } from "./scalar.ts";
import { section } from "./section.ts";

const callerModel = pattern(
  /^(?:[A-Za-z0-9._:@/-]{1,255}\*?|\*)$/,
  'must be an alias or "provider/model"; "*" may stand at the end, as in "openai/*"',
  'Alias or "provider/model"; "*" at the end stands for any ending.',
);

const identity = pattern(
  /^(?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[!#-&(-+\--:<>-[\]-~]{1,2000}|[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,7})$/,
  'must be a URI such as spiffe://cluster.local/ns/shop/sa/cart, or a DNS name; it is compared as it is, without "*"',
  "URI or DNS name in the certificate.",
);

const apiKey = section("An API key of a caller. `llmhub keys new` makes one.", {
  id: pattern(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    "must begin with a letter or digit, then letters, digits, dots, - or _, at most 63 in all",
    "Name of the key in logs and metrics.",
  ),
  sha256: v.optional(
    pattern(
      /^[0-9A-Fa-f]{64}$/,
      "must be 64 hexadecimal digits in quotes, as `llmhub keys new` prints them",
      "SHA-256 of the key, 64 hexadecimal digits. Absent: it goes by its identities only.",
    ),
  ),
  identities: v.optional(
    v.pipe(
      v.array(identity),
      v.maxLength(100, "must not be more than 100"),
      v.description("Client certificates that stand for the key, by a URI or DNS name that they have. Absent: none."),
    ),
    [],
  ),
  tenant: v.optional(
    pattern(
      /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,62})?$/,
      "must begin with a letter or digit, then letters, digits, dots, - or _, at most 63 in all",
      "Whom the key belongs to: keys of one tenant share its limits, and no other sees their answers. Absent: nobody.",
    ),
    "",
  ),
  models: v.optional(v.pipe(v.array(callerModel), v.description("Models the key may use. Absent: all."))),
  scopes: v.optional(
    v.pipe(v.array(v.picklist(["admin"])), v.description('"admin": the key may make the calls of operators.')),
    [],
  ),
  expireTime: v.optional(time("When the key stops working. Absent: never.")),
  suspended: v.optional(v.pipe(v.boolean(), v.description("Refuse the key for now.")), false),
});

/** Who may call. */
export const auth = section("Who may call.", {
  mode: v.pipe(
    v.picklist(["keys", "off"]),
    v.description(
      '"keys": callers need an API key. "off": anyone, on a loopback address only, or where the simulator is all there is.',
    ),
  ),
  keys: v.optional(v.pipe(v.array(apiKey), v.description("API keys of callers.")), []),
  adminWithoutKey: v.optional(
    v.pipe(
      v.boolean(),
      v.description('With mode "off": anyone who reaches the loopback address may make the calls of operators, too.'),
    ),
    false,
  ),
});

/** The section after validation. */
export type AuthSection = v.InferOutput<typeof auth>;

/** Digests in one form, times by their names. */
export function authOf({ mode, adminWithoutKey, keys }: AuthSection): AuthConfig {
  return {
    mode,
    adminWithoutKey,
    keys: keys.map(({ expireTime, sha256, models, ...key }) => ({
      ...key,
      sha256: sha256?.toLowerCase(),
      models,
      expireTimeMs: expireTime,
    })),
  };
}

/** What one field of a key cannot tell. @param takesIdentities some callers can show a certificate. */
export function checkKeys(
  { mode, keys, adminWithoutKey }: AuthSection,
  takesIdentities: boolean | undefined,
  findings: Findings,
): void {
  if (mode === "keys" && adminWithoutKey) {
    findings.add(["auth", "adminWithoutKey"], "goes with mode off only; remove it, and give a key scopes: [admin]");
  }
  if (mode === "keys" && keys.length === 0) {
    findings.add(["auth"], "has no keys, so nobody could call; `llmhub keys new` makes one to paste here");
  }
  const seen = new Map<string, string>();
  const unique = (value: string, owner: string, ...field: (string | number)[]) => {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, owner);
    else findings.add(["auth", "keys", ...field], `is the same as in ${first}; each must be unique`);
  };
  for (const [index, { id, sha256, identities }] of keys.entries()) {
    const owner = `auth.keys[${index}]`;
    unique(`id ${id.toLowerCase()}`, owner, index, "id");
    if (sha256 !== undefined) unique(`sha256 ${sha256.toLowerCase()}`, owner, index, "sha256");
    else if (identities.length === 0) {
      findings.add(["auth", "keys", index], "can be shown by nobody; give it sha256, identities, or both");
    }
    for (const [i, identity] of identities.entries()) unique(`identity ${identity}`, owner, index, "identities", i);
    if (identities.length > 0 && takesIdentities === false) {
      const message = "needs server.tls.clientCa or server.identityProxies; without them nobody shows a certificate";
      findings.add(["auth", "keys", index, "identities"], message);
    }
  }
}

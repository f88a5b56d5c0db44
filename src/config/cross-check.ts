import { isDeepStrictEqual } from "node:util";
import type { ProviderKinds } from "./environment.ts";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { checkIdempotency } from "./idempotency-section.ts";
import { checkLimits } from "./limits-section.ts";
import { checkModels } from "./model-names.ts";
import { checkOverload } from "./overload-section.ts";
import { checkProviders } from "./provider-check.ts";
import type { Address } from "./schema.ts";

/** What a single field cannot tell: rules between fields and sections. Sections that are invalid are left out. */
export function crossCheck(
  sections: Partial<FileSections>,
  providerIds: ReadonlySet<string>,
  kinds: ProviderKinds,
  findings: Findings,
): void {
  const { auth, server, providers, models, cache, idempotency, redis, streams, limits, overload } = sections;
  if (auth !== undefined) checkKeys(auth, findings);
  if (server !== undefined) checkAddresses(server, auth?.mode === "off", findings);
  const noRedis = "redis" in sections && redis === undefined;
  if (cache !== undefined) checkCache(cache, noRedis, findings);
  if (idempotency !== undefined) checkIdempotency(idempotency, noRedis, findings);
  if (streams?.shared === true && noRedis) {
    findings.add(["streams", "shared"], "needs the section redis; add it with its url, or remove this");
  }
  if (overload !== undefined) checkOverload(overload, findings);
  if (providers !== undefined) checkProviders(providers, kinds, findings);
  if (models !== undefined) checkModels(models, providerIds, providers ?? {}, findings);
  if (limits !== undefined) {
    const keys = auth && {
      key: new Set(auth.keys.map(({ id }) => id)),
      tenant: new Set(auth.keys.flatMap(({ tenant }) => tenant || [])),
    };
    checkLimits(limits, { provider: providerIds, ...keys }, findings);
  }
}

/** Where calls are taken without a key nobody else may reach. */
function checkAddresses(server: FileSections["server"], isOpen: boolean, findings: Findings): void {
  const taken = [];
  for (const field of ["listen", "httpListen", "opsListen"] as const) {
    const address = server[field];
    if (address === undefined) continue;
    if (isOpen && field !== "opsListen" && !isLoopback(address)) {
      const message =
        "must be a loopback address (127.0.0.1, [::1] or localhost) while auth.mode is off; " +
        "listen there, or set auth.mode to keys";
      findings.add(["server", field], message);
    }
    const other = taken.find(([, one]) => address.port !== 0 && isDeepStrictEqual(one, address));
    if (other !== undefined) {
      findings.add(["server", field], `is the same as server.${other[0]}; each needs a port of its own`);
    }
    taken.push([field, address] as const);
  }
}

function checkCache(
  { driver, replicaWait, bytesMax, entryBytesMax }: FileSections["cache"],
  noRedis: boolean,
  findings: Findings,
): void {
  if (driver === "redis" && noRedis) {
    findings.add(["cache", "driver"], "needs the section redis; add it with its url, or keep answers in memory");
  }
  if (replicaWait > 0 && driver !== "redis") {
    findings.add(["cache", "replicaWait"], "needs cache.driver redis; without it replicas know nothing of each other");
  }
  if (entryBytesMax > bytesMax) {
    findings.add(["cache", "entryBytesMax"], "must not be above cache.bytesMax, or no such answer would find room");
  }
}

function isLoopback({ host }: Address): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function checkKeys({ mode, keys, adminWithoutKey }: FileSections["auth"], findings: Findings): void {
  if (mode === "keys" && adminWithoutKey) {
    findings.add(["auth", "adminWithoutKey"], "goes with mode off only; remove it, and give a key scopes: [admin]");
  }
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

import { isDeepStrictEqual } from "node:util";
import { checkKeys } from "./auth-section.ts";
import { builtInKind, type ProviderKinds } from "./environment.ts";
import type { FileSections } from "./file-schema.ts";
import type { Findings } from "./findings.ts";
import { checkIdempotency } from "./idempotency-section.ts";
import { checkLimits } from "./limits-section.ts";
import { checkModels } from "./model-names.ts";
import { checkOverload } from "./overload-section.ts";
import { checkProviders } from "./provider-check.ts";
import type { Address } from "./schema.ts";
import { checkTls } from "./tls-section.ts";

/** What a single field cannot tell: rules between fields and sections. Sections that are invalid are left out. */
export function crossCheck(
  sections: Partial<FileSections>,
  providerIds: ReadonlySet<string>,
  kinds: ProviderKinds,
  findings: Findings,
): void {
  const { auth, server, providers, models, cache, idempotency, redis, streams, limits, overload } = sections;
  if (auth !== undefined) checkKeys(auth, server && takesIdentities(server), findings);
  if (server !== undefined) {
    checkAddresses(server, isOpen(sections), findings);
    if (server.tls !== undefined) checkTls(server.tls, findings);
    if (auth !== undefined) checkIdentityProxies(server, auth, findings);
  }
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

/** Whether calls are taken without a key that could cost something or do what an operator may: more than the simulator is there. */
function isOpen({ auth, providers, extensions = [] }: Partial<FileSections>): boolean {
  if (auth?.mode !== "off") return false;
  const simulated = Object.entries(providers ?? { unknown: {} }).every(
    ([id, { kind = id, baseUrl }]) => kind === builtInKind && baseUrl === undefined,
  );
  return auth.adminWithoutKey || extensions.length > 0 || !simulated;
}

/** Where calls are taken without a key nobody else may reach. */
function checkAddresses(server: FileSections["server"], onlyHere: boolean, findings: Findings): void {
  const taken = [];
  for (const field of ["listen", "httpListen", "opsListen"] as const) {
    const address = server[field];
    if (address === undefined) continue;
    if (onlyHere && field !== "opsListen" && !isLoopback(address)) {
      const message =
        "must be a loopback address (127.0.0.1, [::1] or localhost) while auth.mode is off; " +
        "listen there, set auth.mode to keys, or, where there is no file, LLMHUB_API_KEY";
      findings.add(["server", field], message);
    }
    const other = taken.find(([, one]) => address.port !== 0 && isDeepStrictEqual(one, address));
    if (other !== undefined) {
      findings.add(["server", field], `is the same as server.${other[0]}; each needs a port of its own`);
    }
    taken.push([field, address] as const);
  }
}

function takesIdentities({ tls, identityProxies }: FileSections["server"]): boolean {
  return tls?.clientCa !== undefined || identityProxies.length > 0;
}

/** Whoever is believed about who calls can be anyone: that must be few, and for a purpose. */
function checkIdentityProxies(
  { identityProxies }: FileSections["server"],
  { keys }: FileSections["auth"],
  findings: Findings,
): void {
  const at = ["server", "identityProxies"];
  for (const [index, network] of identityProxies.entries()) {
    if (isVast(network))
      findings.add([...at, index], "would believe too many, any of whom can be anyone; name the proxies only");
  }
  if (identityProxies.length > 0 && keys.every(({ identities }) => identities.length === 0)) {
    findings.add(at, "has no use while no key has identities; name some in auth.keys[].identities, or remove it");
  }
}

/** Shorter than the longest of private networks (10.0.0.0/8, fd00::/8), also where IPv4 is written as IPv6. */
function isVast(network: string): boolean {
  const [address = "", bits] = network.split("/");
  if (bits === undefined) return false;
  return Number(bits) < (/^::(?:ffff:)?[\d.:]*$/i.test(address) ? 104 : 8);
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

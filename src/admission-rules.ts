import type { ServerConfig } from "./config/schema.ts";
import type { AdmissionOptions } from "./server/admission.ts";
import { Identities } from "./server/identities.ts";
import { Networks } from "./server/networks.ts";
import { pageOrigins } from "./server/page-origins.ts";
import { TrustedProxies } from "./server/trusted-proxies.ts";

/** What of the server's configuration decides who calls and for how long. */
export function admissionRules({
  limits,
  tls,
  cors,
  trustedProxies,
  identityProxies,
}: ServerConfig): Pick<AdmissionOptions, "deadlineMaxMs" | "mayCall" | "proxies" | "identities"> {
  const believed = identityProxies.length === 0 ? undefined : new Networks(identityProxies);
  const takesIdentities = believed !== undefined || tls?.clientCa !== undefined;
  return {
    deadlineMaxMs: limits.deadlineMaxMs,
    mayCall: pageOrigins(cors?.origins ?? []),
    proxies: trustedProxies.length === 0 ? undefined : new TrustedProxies(trustedProxies),
    identities: takesIdentities ? new Identities({ proxies: believed, nowMs: Date.now }) : undefined,
  };
}

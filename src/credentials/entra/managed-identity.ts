import type { AccessToken } from "../bearer.ts";
import { badCredential, type Source } from "../fault.ts";
import type { Surroundings } from "../surroundings.ts";
import { TokenClient, type TokenRequest } from "../token-client.ts";
import { trustedUrl, trustedUrlRule } from "../trusted-url.ts";

const source: Source = {
  name: "Azure's managed identity",
  mend: "give this machine an identity, or configure tenantId, clientId and clientSecret",
  elsewhere: "outside Azure, configure tenantId, clientId and clientSecret",
};
/** The instance metadata service of virtual machines and of AKS. */
const imdsHost = "http://169.254.169.254";

/** Which identity asks, and for what. */
interface Wish {
  /** Of a user-assigned identity; absent: the machine's own. */
  readonly clientId: string | undefined;
  readonly scope: string;
}

/**
 * The identity that Azure gives to a machine: from App Service's endpoint (also Functions and Container Apps) where
 * IDENTITY_ENDPOINT and IDENTITY_HEADER are set, or else from the instance metadata service, whose host
 * AZURE_POD_IDENTITY_AUTHORITY_HOST may name.
 */
export class ManagedIdentity {
  readonly #request: TokenRequest;
  readonly #client: TokenClient;

  /** Throws PROVIDER_CREDENTIAL_INVALID for an endpoint that the identity's header may not be sent to. */
  constructor(wish: Wish, { env, now }: Surroundings) {
    this.#request = requestOf(wish, env);
    this.#client = new TokenClient(source, now);
  }

  /** Lives for up to 24 hours. */
  async token(): Promise<AccessToken> {
    return this.#client.askToken(this.#request);
  }
}

function requestOf({ clientId, scope }: Wish, env: Surroundings["env"]): TokenRequest {
  // The older form of the same: a resource instead of a scope.
  const query = { resource: scope.replace(/\/\.default$/, ""), ...(clientId ? { client_id: clientId } : {}) };
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: header } = env;
  if (endpoint && header) {
    const url = near(endpoint, "IDENTITY_ENDPOINT", { "api-version": "2019-08-01", ...query });
    return { url, headers: { "x-identity-header": header } };
  }
  const host = env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] || imdsHost;
  const url = near(host, "AZURE_POD_IDENTITY_AUTHORITY_HOST", { "api-version": "2018-02-01", ...query });
  url.pathname = "/metadata/identity/oauth2/token";
  return { url, headers: { metadata: "true" } };
}

function near(address: string, variable: string, query: Readonly<Record<string, string>>): URL {
  const url = trustedUrl(address);
  if (url === undefined) throw badCredential(source, `${variable} is not ${trustedUrlRule}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

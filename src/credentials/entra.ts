import type { Authorizer } from "../model/authorizer.ts";
import type { Secret } from "../model/secret.ts";
import { type AccessToken, BearerAuthorizer } from "./bearer.ts";
import { ManagedIdentity } from "./entra/managed-identity.ts";
import { badCredential, type Source } from "./fault.ts";
import type { Surroundings } from "./surroundings.ts";
import { TokenClient } from "./token-client.ts";
import { readTokenFile } from "./token-file.ts";
import { trustedUrl, trustedUrlRule } from "./trusted-url.ts";

/** What the operator says of an identity in Microsoft Entra. All absent: the machine's own identity. */
export interface EntraSettings {
  /** Of the directory: an id or a domain. AZURE_TENANT_ID if absent. */
  readonly tenantId?: string | undefined;
  /** Of the application, or of the user-assigned managed identity. AZURE_CLIENT_ID if absent. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: Secret | undefined;
  /** Ends in "/.default". Azure OpenAI's if absent. */
  readonly scope?: string | undefined;
}

/** An application in a directory, and where the directory issues tokens. */
interface Application {
  readonly tokenUrl: URL;
  readonly clientId: string;
  readonly scope: string;
}

const cognitiveServices = "https://cognitiveservices.azure.com/.default";
const publicAuthority = "https://login.microsoftonline.com";

const secretSource: Source = {
  name: "Microsoft Entra's client secret",
  mend: "check tenantId, clientId and clientSecret, and whether the secret has expired",
};
const workloadSource: Source = {
  name: "Microsoft Entra's workload identity",
  mend: "check AZURE_TENANT_ID, AZURE_CLIENT_ID and the federated credential of the application",
};

/**
 * Tokens of Microsoft Entra: by the client secret that the operator gave, or else by workload identity where
 * AZURE_FEDERATED_TOKEN_FILE is set, or by the machine's managed identity. Throws PROVIDER_CREDENTIAL_INVALID where
 * something for the first of them is missing.
 */
export function entra(settings: EntraSettings, surroundings: Surroundings): Authorizer {
  return new BearerAuthorizer(fetchOf(settings, surroundings), surroundings);
}

function fetchOf(settings: EntraSettings, surroundings: Surroundings): () => Promise<AccessToken> {
  const { clientSecret, scope = cognitiveServices } = settings;
  const { env, now } = surroundings;
  if (clientSecret !== undefined) {
    const application = applicationOf(settings, env, secretSource);
    const client = new TokenClient(secretSource, now);
    return () => clientCredentials(application, { client_secret: clientSecret.reveal() }, client);
  }
  const file = env["AZURE_FEDERATED_TOKEN_FILE"];
  if (!file) {
    if (settings.tenantId !== undefined) throw badCredential(secretSource, "clientSecret is missing");
    const identity = new ManagedIdentity(
      { clientId: settings.clientId ?? env["AZURE_CLIENT_ID"], scope },
      surroundings,
    );
    return () => identity.token();
  }
  const application = applicationOf(settings, env, workloadSource);
  const client = new TokenClient(workloadSource, now);
  return async () => {
    const assertion = await readTokenFile(file, "the file of AZURE_FEDERATED_TOKEN_FILE", workloadSource);
    return clientCredentials(
      application,
      { client_assertion_type: jwtBearer, client_assertion: assertion.trim() },
      client,
    );
  };
}

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

function clientCredentials(
  { tokenUrl, clientId, scope }: Application,
  proof: Readonly<Record<string, string>>,
  client: TokenClient,
): Promise<AccessToken> {
  const form = { grant_type: "client_credentials", client_id: clientId, scope, ...proof };
  return client.askToken({ url: tokenUrl, form });
}

function applicationOf(settings: EntraSettings, env: Surroundings["env"], source: Source): Application {
  const tenantId = settings.tenantId ?? env["AZURE_TENANT_ID"];
  const clientId = settings.clientId ?? env["AZURE_CLIENT_ID"];
  if (!tenantId || !clientId) {
    const missing = tenantId ? "the id of the client" : "the id of the tenant";
    throw badCredential(source, `${missing} is missing`);
  }
  const authority = trustedUrl(env["AZURE_AUTHORITY_HOST"] || publicAuthority);
  if (authority === undefined) throw badCredential(source, `AZURE_AUTHORITY_HOST is not ${trustedUrlRule}`);
  const tokenUrl = new URL(`/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`, authority);
  return { tokenUrl, clientId, scope: settings.scope ?? cognitiveServices };
}

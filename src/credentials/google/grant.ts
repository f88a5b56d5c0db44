import { sign } from "node:crypto";
import type { Secret } from "../../model/secret.ts";
import { parseObject } from "../../protocols/field.ts";
import type { AccessToken } from "../bearer.ts";
import type { TokenClient } from "../token-client.ts";
import type { AuthorizedUser, ExternalAccount, GoogleKey, ImpersonatedServiceAccount, ServiceAccount } from "./key.ts";
import { subjectTokenOf } from "./subject-token.ts";

const scope = "https://www.googleapis.com/auth/cloud-platform";
/** Longest life that Google grants without an organisation's leave, in seconds. */
const lifeS = 3600;

/** Trades a credential file for a token of the scope cloud-platform, for an hour where the file names no other life. */
export function tokenOf(key: GoogleKey, client: TokenClient): Promise<AccessToken> {
  switch (key.type) {
    case "service_account":
      return signedGrant(key, client);
    case "authorized_user":
      return refreshGrant(key, client);
    case "external_account":
      return federated(key, client);
    case "impersonated_service_account":
      return impersonating(key, client);
  }
}

/** RFC 7523: a statement signed with the account's key. */
function signedGrant(key: ServiceAccount, client: TokenClient): Promise<AccessToken> {
  const issuedS = Math.floor(client.now() / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(key.private_key_id === undefined ? {} : { kid: key.private_key_id }) };
  const claims = { iss: key.client_email, scope, aud: key.token_uri.href, iat: issuedS, exp: issuedS + lifeS };
  const said = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = sign("RSA-SHA256", Buffer.from(said), key.private_key).toString("base64url");
  const form = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: `${said}.${signature}` };
  return client.askToken({ url: key.token_uri, form });
}

function refreshGrant(key: AuthorizedUser, client: TokenClient): Promise<AccessToken> {
  const form = {
    grant_type: "refresh_token",
    client_id: key.client_id,
    client_secret: key.client_secret.reveal(),
    refresh_token: key.refresh_token.reveal(),
  };
  return client.askToken({ url: key.token_uri, form });
}

/** RFC 8693: somebody else's token for Google's, and that for a service account's where the file names one. */
async function federated(key: ExternalAccount, client: TokenClient): Promise<AccessToken> {
  const { client_id: id, client_secret: clientSecret, workforce_pool_user_project: userProject } = key;
  const form = {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience: key.audience,
    scope,
    subject_token_type: key.subject_token_type,
    subject_token: (await subjectTokenOf(key, client)).reveal(),
    // A client of its own stands for the project already.
    ...(userProject === undefined || id !== undefined ? {} : { options: JSON.stringify({ userProject }) }),
  };
  const headers = id === undefined ? {} : basic(id, clientSecret);
  const exchanged = await client.askToken({ url: key.token_url, form, headers });
  const url = key.service_account_impersonation_url;
  if (url === undefined) return exchanged;
  const seconds = key.service_account_impersonation?.token_lifetime_seconds ?? lifeS;
  return impersonated(exchanged, { url, delegates: [], seconds }, client);
}

async function impersonating(key: ImpersonatedServiceAccount, client: TokenClient): Promise<AccessToken> {
  const own = await tokenOf(key.source_credentials, client);
  const { service_account_impersonation_url: url, delegates } = key;
  return impersonated(own, { url, delegates, seconds: lifeS }, client);
}

/** generateAccessToken of the IAM Service Account Credentials API. */
async function impersonated(
  { token }: AccessToken,
  { url, delegates, seconds }: { readonly url: URL; readonly delegates: readonly string[]; readonly seconds: number },
  client: TokenClient,
): Promise<AccessToken> {
  const headers = { authorization: `Bearer ${token.reveal()}` };
  const json = { scope: [scope], lifetime: `${seconds}s`, ...(delegates.length === 0 ? {} : { delegates }) };
  const { body } = await client.ask({ url, headers, json });
  const { accessToken, expireTime } = parseObject(body) ?? {};
  return client.issued(accessToken, Date.parse(String(expireTime)));
}

function basic(id: string, secret: Secret | undefined): Readonly<Record<string, string>> {
  const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret?.reveal() ?? "")}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

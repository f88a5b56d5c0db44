import { generateKeyPairSync, type KeyObject } from "node:crypto";

/** Values that no error may show. */
export const secrets = ["canary-client-secret", "canary-refresh-token", "canary-subject-token", "canary-exchanged"];

const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });

/** Of the service account, as the token server knows it. */
export const publicKey: KeyObject = pair.publicKey;

/** PEM of the service account's key. */
export const privatePem = String(pair.privateKey.export({ type: "pkcs8", format: "pem" }));

/** A service account key whose token server is at `url`. */
export function serviceAccount(url: string) {
  return {
    type: "service_account",
    project_id: "project-of-key",
    private_key_id: "key-1",
    private_key: privatePem,
    client_email: "robot@project-of-key.iam.gserviceaccount.com",
    client_id: "1",
    universe_domain: "googleapis.com",
    token_uri: `${url}/token`,
  };
}

/** What `gcloud auth application-default login` writes, with a token server of the test's. */
export function authorizedUser(url: string) {
  return {
    type: "authorized_user",
    account: "",
    client_id: "client-1",
    client_secret: "canary-client-secret",
    refresh_token: "canary-refresh-token",
    quota_project_id: "quota-project",
    token_uri: `${url}/token`,
  };
}

/** Workload identity federation with a subject token from where `source` says. */
export function externalAccount(url: string, source: Readonly<Record<string, unknown>>) {
  return {
    type: "external_account",
    audience: "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
    token_url: `${url}/sts`,
    credential_source: source,
  };
}

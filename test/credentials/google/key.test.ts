import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { googleKeyOf } from "../../../src/credentials/google/key.ts";
import { GatewayError } from "../../../src/model/error.ts";
import { credentialFailure } from "../../support/token-server.ts";
import { authorizedUser, externalAccount, privatePem, secrets, serviceAccount } from "./keys.ts";

const source = { name: "the key of the test", mend: "mend it" };
const local = "http://127.0.0.1:1";
const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });

describe("a credential file", () => {
  it.each([
    serviceAccount(local),
    authorizedUser(local),
    externalAccount(local, { file: "/token" }),
    {
      type: "impersonated_service_account",
      service_account_impersonation_url: `${local}/x`,
      source_credentials: authorizedUser(local),
    },
  ])("of type $type shows none of its secrets", (key) => {
    const read = googleKeyOf(JSON.stringify(key), source);
    expect(read.type).toBe(key.type);
    const shown = JSON.stringify(read) + inspect(read, { depth: 8, showHidden: true });
    for (const secret of [...secrets, privatePem.slice(40, 80)]) expect(shown).not.toContain(secret);
  });

  it("may leave Google's address out", () => {
    const { token_uri: _, ...rest } = serviceAccount(local);
    const key = googleKeyOf(JSON.stringify(rest), source);
    expect(key).toHaveProperty("token_uri.href", "https://oauth2.googleapis.com/token");
  });
});

describe("what is no credential file", () => {
  const account = serviceAccount(local);
  const user = authorizedUser(local);
  const external = externalAccount(local, { file: "/token" });

  it.each<[string, unknown]>([
    ["not a JSON object", ""],
    ["not a JSON object", "canary-refresh-token"],
    ["not a JSON object", '{"refresh_token": "canary-refresh-token'],
    ["not a JSON object", null],
    ["not a JSON object", " ".repeat(64 * 1024) + JSON.stringify(account)],
    ["not a JSON object", []],
    ["its field type is none of those", {}],
    ["its field type is none of those", { ...user, type: "canary-refresh-token" }],
    ["its field type is none of those", { ...user, type: "external_account_authorized_user" }],
    ["its field private_key is missing", { ...account, private_key: 1 }],
    ["its field private_key must be an RSA key", { ...account, private_key: "canary-refresh-token" }],
    ["its field private_key must be an RSA key", { ...account, private_key: elliptic }],
    ["its field private_key must not be empty", { ...account, private_key: "" }],
    ["its field client_email is missing", { ...account, client_email: undefined }],
    ["its field token_uri must be an https address", { ...account, token_uri: "http://oauth2.example.com/token" }],
    ["its field token_uri must be an https address", { ...user, token_uri: "canary-refresh-token" }],
    ["its field refresh_token is missing", { ...user, refresh_token: ["canary-refresh-token"] }],
    ["its field quota_project_id must be the id", { ...user, quota_project_id: "canary-refresh-token\n" }],
    ["its field token_url must be an https address", { ...external, token_url: "http://sts.example.com/" }],
    [
      "its field service_account_impersonation_url must be an https address",
      { ...external, service_account_impersonation_url: "http://iam.example.com/" },
    ],
    [
      "its field service_account_impersonation.token_lifetime_seconds must be 600 to 43200",
      { ...external, service_account_impersonation: { token_lifetime_seconds: 1 } },
    ],
    ["its field credential_source must have either file or url", { ...external, credential_source: {} }],
    [
      "its field credential_source must have either file or url",
      { ...external, credential_source: { file: "/t", url: `${local}/t` } },
    ],
    [
      "its field credential_source.url must be an https address",
      { ...external, credential_source: { url: "http://example.com/" } },
    ],
    [
      "its field credential_source takes its subject token from AWS",
      { ...external, credential_source: { environment_id: "aws1", url: `${local}/t` } },
    ],
    [
      "its field credential_source takes its subject token from AWS, a program",
      { ...external, credential_source: { executable: { command: "canary-refresh-token" } } },
    ],
    [
      "its field credential_source.format.subject_token_field_name is missing",
      { ...external, credential_source: { file: "/t", format: { type: "json" } } },
    ],
    [
      "its field credential_source.format.type is none of those",
      { ...external, credential_source: { file: "/t", format: { type: "xml" } } },
    ],
    [
      "its field source_credentials.type is none of those",
      {
        type: "impersonated_service_account",
        service_account_impersonation_url: `${local}/x`,
        source_credentials: { type: "impersonated_service_account" },
      },
    ],
  ])("is refused: %s", async (problem, value) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const error = await credentialFailure(() => googleKeyOf(text, source), [...secrets, privatePem.slice(40, 80)]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain(problem);
    expect(error.rawMessage).toMatch(/^the key of the test: .*; mend it$/);
  });
});

it("refuses any other text in the same way", () => {
  const field = fc.oneof(fc.string(), fc.integer(), fc.constant("http://127.0.0.1/"), fc.jsonValue());
  const mixed = (key: Record<string, unknown>) =>
    fc.record(
      Object.fromEntries(Object.entries(key).map(([name, value]) => [name, fc.oneof(fc.constant(value), field)])),
    );
  const keys = [
    serviceAccount("http://127.0.0.1"),
    authorizedUser("http://127.0.0.1"),
    externalAccount("http://127.0.0.1", { file: "/token" }),
  ];
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    ...keys.map((key) => mixed(key).map((value) => JSON.stringify(value))),
  );
  fc.assert(
    fc.property(texts, (text) => {
      try {
        return googleKeyOf(text, source).type.length > 0;
      } catch (error) {
        return error instanceof GatewayError && error.reason === "PROVIDER_CREDENTIAL_INVALID";
      }
    }),
  );
});

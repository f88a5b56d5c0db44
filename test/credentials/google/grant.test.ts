import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenOf } from "../../../src/credentials/google/grant.ts";
import { googleKeyOf } from "../../../src/credentials/google/key.ts";
import { TokenClient } from "../../../src/credentials/token-client.ts";
import { credentialFailure, TokenServer, verifiedClaims } from "../../support/token-server.ts";
import { TestClock } from "../clock.ts";
import { authorizedUser, externalAccount, privatePem, publicKey, secrets, serviceAccount } from "./keys.ts";

const source = { name: "the key of the test", mend: "mend it" };
const scope = "https://www.googleapis.com/auth/cloud-platform";
const clock = new TestClock();

async function tokenFor(key: unknown) {
  return await tokenOf(googleKeyOf(JSON.stringify(key), source), new TokenClient(source, clock.now));
}

describe("a service account key", () => {
  it("signs a statement that its token server accepts", async () => {
    await using server = await TokenServer.start();
    const key = serviceAccount(server.url);
    const { token, expiresMs } = await tokenFor(key);
    expect(token.reveal()).toBe("t-1");
    expect(expiresMs).toBe(clock.ms + 3_600_000);
    const { grant_type: grant, assertion } = server.form();
    expect(grant).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { header, claims } = verifiedClaims(assertion, publicKey, { audience: key.token_uri, nowMs: clock.ms });
    expect(header).toEqual({ alg: "RS256", typ: "JWT", kid: "key-1" });
    expect(claims).toMatchObject({ iss: key.client_email, scope });
  });

  it("that is refused shows nothing of itself", async () => {
    await using server = await TokenServer.start((request) => ({
      status: 400,
      body: { error: "invalid_grant", error_description: `Invalid JWT Signature: ${request.body}` },
    }));
    const error = await credentialFailure(
      () => tokenFor(serviceAccount(server.url)),
      [privatePem.slice(40, 80), "assertion"],
    );
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.upstream).toMatchObject({ status: 400, code: "invalid_grant" });
  });
});

describe("a user's login", () => {
  it("trades its refresh token", async () => {
    await using server = await TokenServer.start();
    expect((await tokenFor(authorizedUser(server.url))).token.reveal()).toBe("t-1");
    expect(server.form()).toEqual({
      grant_type: "refresh_token",
      client_id: "client-1",
      client_secret: "canary-client-secret",
      refresh_token: "canary-refresh-token",
    });
  });

  it("that was withdrawn shows nothing of itself", async () => {
    await using server = await TokenServer.start(({ body }) => ({
      status: 400,
      body: { error: "invalid_grant", error_description: body },
    }));
    const error = await credentialFailure(() => tokenFor(authorizedUser(server.url)), secrets);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
  });
});

describe("workload identity federation", () => {
  let directory = "";
  const file = () => join(directory, "token");
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "llmhub-token-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("trades the token of a file, read anew each time", async () => {
    await using server = await TokenServer.start();
    const key = externalAccount(server.url, { file: file() });
    for (const subject of ["canary-subject-token", "next"]) {
      await writeFile(file(), `${subject}\n`);
      await tokenFor(key);
      expect(server.form()).toEqual({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        audience: key.audience,
        scope,
        subject_token_type: key.subject_token_type,
        subject_token: subject,
      });
    }
    expect(server.requests[0]?.path).toBe("/sts");
    expect(server.requests[0]?.headers).not.toHaveProperty("authorization");
  });

  it("takes the token out of a JSON file", async () => {
    await using server = await TokenServer.start();
    await writeFile(file(), JSON.stringify({ id_token: "subject" }));
    const format = { type: "json", subject_token_field_name: "id_token" };
    await tokenFor(externalAccount(server.url, { file: file(), format }));
    expect(server.form()["subject_token"]).toBe("subject");
  });

  it("asks an address for the token, with the headers it wants", async () => {
    await using server = await TokenServer.start(({ path }) =>
      path === "/subject?a=b" ? { body: { access_token: "subject" } } : { body: { access_token: "t", expires_in: 60 } },
    );
    const format = { type: "json", subject_token_field_name: "access_token" };
    const from = { url: `${server.url}/subject?a=b`, headers: { Metadata: "True" }, format };
    expect((await tokenFor(externalAccount(server.url, from))).token.reveal()).toBe("t");
    expect(server.requests[0]).toMatchObject({ method: "GET", headers: { metadata: "True" } });
    expect(server.form()["subject_token"]).toBe("subject");
  });

  it("names the client or the project that pays", async () => {
    await using server = await TokenServer.start();
    await writeFile(file(), "subject");
    const key = { ...externalAccount(server.url, { file: file() }), workforce_pool_user_project: "payer" };
    await tokenFor(key);
    expect(server.form()["options"]).toBe('{"userProject":"payer"}');
    await tokenFor({ ...key, client_id: "a:b", client_secret: "canary-client-secret" });
    expect(server.form()).not.toHaveProperty("options");
    const basic = Buffer.from("a%3Ab:canary-client-secret").toString("base64");
    expect(server.requests[1]?.headers["authorization"]).toBe(`Basic ${basic}`);
  });

  it("goes on to speak for a service account", async () => {
    const expireTime = new Date(clock.ms + 1_800_000).toISOString();
    await using server = await TokenServer.start(({ path }) =>
      path === "/sts"
        ? { body: { access_token: "canary-exchanged", expires_in: 3600 } }
        : { body: { accessToken: "t", expireTime } },
    );
    await writeFile(file(), "subject");
    const key = {
      ...externalAccount(server.url, { file: file() }),
      service_account_impersonation_url: `${server.url}/v1/projects/-/serviceAccounts/r@p:generateAccessToken`,
      service_account_impersonation: { token_lifetime_seconds: 1800 },
    };
    const { token, expiresMs } = await tokenFor(key);
    expect(token.reveal()).toBe("t");
    expect(expiresMs).toBe(clock.ms + 1_800_000);
    const [, request] = server.requests;
    expect(request?.path).toBe("/v1/projects/-/serviceAccounts/r@p:generateAccessToken");
    expect(request?.headers["authorization"]).toBe("Bearer canary-exchanged");
    expect(JSON.parse(request?.body ?? "")).toEqual({ scope: [scope], lifetime: "1800s" });
  });

  it.each([
    ["an error", { status: 403, body: { error: { status: "PERMISSION_DENIED", message: "canary-exchanged" } } }],
    ["no token", { body: {} }],
    ["no time", { body: { accessToken: "canary-exchanged" } }],
  ])("fails when the service account gives %s", async (_, reply) => {
    await using server = await TokenServer.start(({ path }) =>
      path === "/sts" ? { body: { access_token: "canary-exchanged", expires_in: 3600 } } : reply,
    );
    await writeFile(file(), "canary-subject-token");
    const key = externalAccount(server.url, { file: file() });
    const error = await credentialFailure(
      () => tokenFor({ ...key, service_account_impersonation_url: `${server.url}/iam` }),
      secrets,
    );
    const refused = "status" in reply;
    expect(error.reason).toBe(refused ? "PROVIDER_CREDENTIAL_INVALID" : "PROVIDER_UNAVAILABLE");
    expect(error.info["upstreamCode"]).toBe(refused ? "PERMISSION_DENIED" : undefined);
  });

  it.each<[string, string | undefined, unknown]>([
    ["there is none", undefined, { type: "text" }],
    ["is empty", " \n", { type: "text" }],
    ["is no JSON", "canary-subject-token", { type: "json", subject_token_field_name: "t" }],
    ["no such field", '{"a":"canary-subject-token"}', { type: "json", subject_token_field_name: "t" }],
    ["larger than 65536 bytes", "canary-subject-token ".repeat(4000), { type: "text" }],
  ])("fails without its subject token: %s", async (problem, content, format) => {
    await rm(file(), { force: true });
    if (content !== undefined) await writeFile(file(), content);
    const error = await credentialFailure(
      () => tokenFor(externalAccount("http://127.0.0.1:1", { file: file(), format })),
      [...secrets, directory],
    );
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain(content === undefined ? "does not exist" : problem);
  });
});

describe("an impersonated service account", () => {
  it("asks in the name of the credential behind it", async () => {
    const expireTime = new Date(clock.ms + 3_600_000).toISOString();
    await using server = await TokenServer.start(({ path }) =>
      path === "/token"
        ? { body: { access_token: "canary-exchanged", expires_in: 3600 } }
        : { body: { accessToken: "t", expireTime } },
    );
    const key = {
      type: "impersonated_service_account",
      service_account_impersonation_url: `${server.url}/iam`,
      delegates: ["between"],
      source_credentials: authorizedUser(server.url),
    };
    expect((await tokenFor(key)).token.reveal()).toBe("t");
    expect(JSON.parse(server.requests[1]?.body ?? "")).toEqual({
      scope: [scope],
      lifetime: "3600s",
      delegates: ["between"],
    });
  });
});

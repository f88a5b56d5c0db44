import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type EntraSettings, entra } from "../../src/credentials/entra.ts";
import type { OutgoingRequest } from "../../src/model/authorizer.ts";
import { Secret } from "../../src/model/secret.ts";
import { credentialFailure, TokenServer } from "../support/token-server.ts";
import { TestClock } from "./clock.ts";

const clock = new TestClock();
const request: OutgoingRequest = {
  method: "POST",
  url: new URL("https://own.openai.azure.com/openai/v1/chat/completions"),
  headers: {},
  body: "{}",
};
const scope = "https://cognitiveservices.azure.com/.default";
const secrets = ["canary-client-secret", "canary-assertion", "canary-identity-header"];
const application = { tenantId: "tenant-1", clientId: "client-1", clientSecret: new Secret("canary-client-secret") };
let directory = "";
let file = "";
let server: TokenServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "llmhub-entra-"));
  file = join(directory, "token");
});
afterAll(() => rm(directory, { recursive: true, force: true }));
beforeEach(async () => {
  server = await TokenServer.start();
  await writeFile(file, "canary-assertion\n");
});
afterEach(() => server[Symbol.asyncDispose]());

function identity(settings: EntraSettings, env: Readonly<Record<string, string | undefined>> = {}) {
  const own = { AZURE_AUTHORITY_HOST: server.url, AZURE_POD_IDENTITY_AUTHORITY_HOST: server.url, ...env };
  return entra(settings, { env: own, homeDirectory: directory, now: clock.now });
}

const workload = () => ({ AZURE_FEDERATED_TOKEN_FILE: file, AZURE_TENANT_ID: "tenant-2", AZURE_CLIENT_ID: "client-2" });
const appService = () => ({
  IDENTITY_ENDPOINT: `${server.url}/msi/token`,
  IDENTITY_HEADER: "canary-identity-header",
});

describe("a client secret", () => {
  it("is traded at the authority of its tenant, whatever the machine has", async () => {
    const proof = await identity(application, { ...workload(), ...appService() }).prove(request);
    expect(proof).toEqual({ authorization: "Bearer t-1" });
    expect(server.requests[0]?.path).toBe("/tenant-1/oauth2/v2.0/token");
    expect(server.form()).toEqual({
      grant_type: "client_credentials",
      client_id: "client-1",
      client_secret: "canary-client-secret",
      scope,
    });
  });

  it("takes the ids that it lacks from the environment, and another cloud's scope", async () => {
    const { clientSecret } = application;
    const settings = { clientSecret, scope: "https://cognitiveservices.azure.us/.default" };
    await identity(settings, { AZURE_TENANT_ID: "a/b", AZURE_CLIENT_ID: "client-2" }).prove(request);
    expect(server.requests[0]?.path).toBe("/a%2Fb/oauth2/v2.0/token");
    expect(server.form()).toMatchObject({ client_id: "client-2", scope: settings.scope });
  });

  it("is asked for once by a hundred calls, then kept until it is renewed", async () => {
    const start = clock.ms;
    const authorizer = identity(application);
    const proofs = await Promise.all(Array.from({ length: 100 }, () => authorizer.prove(request)));
    expect(authorizer.prove(request)).toBe(proofs[99]);
    clock.ms = start + 3_600_000 - 299_000;
    expect(authorizer.prove(request)).toBe(proofs[0]);
    clock.ms = start + 3_600_000;
    expect(await authorizer.prove(request)).toEqual({ authorization: "Bearer t-2" });
    expect(server.requests).toHaveLength(2);
  });

  it("that is refused says which and why, and not itself", async () => {
    server.answer = ({ body }) => ({
      status: 401,
      body: { error: "invalid_client", error_description: `AADSTS7000222: ${body}`, error_codes: [7000222] },
    });
    const error = await credentialFailure(() => identity(application).prove(request), secrets);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.upstream).toMatchObject({ status: 401, code: "invalid_client" });
    expect(error.rawMessage).toContain("(HTTP 401, invalid_client, AADSTS7000222)");
  });

  it.each<[string, EntraSettings, Record<string, string>]>([
    ["the id of the tenant is missing", { ...application, tenantId: undefined }, {}],
    ["the id of the client is missing", { ...application, clientId: undefined }, {}],
    ["clientSecret is missing", { ...application, clientSecret: undefined }, {}],
    ["AZURE_AUTHORITY_HOST is not an https address", application, { AZURE_AUTHORITY_HOST: "http://example.com" }],
    ["AZURE_AUTHORITY_HOST is not an https address", application, { AZURE_AUTHORITY_HOST: "login.example.com" }],
  ])("is refused at once: %s", async (problem, settings, env) => {
    const error = await credentialFailure(() => identity(settings, env), secrets);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain(problem);
  });
});

describe("workload identity", () => {
  it("trades the token of the file, read anew each time, before a managed identity", async () => {
    const authorizer = identity({}, { ...workload(), ...appService() });
    await authorizer.prove(request);
    expect(server.requests[0]?.path).toBe("/tenant-2/oauth2/v2.0/token");
    expect(server.form()).toEqual({
      grant_type: "client_credentials",
      client_id: "client-2",
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: "canary-assertion",
      scope,
    });
    await writeFile(file, "next");
    clock.ms += 3_600_000;
    await authorizer.prove(request);
    expect(server.form()["client_assertion"]).toBe("next");
  });

  it("prefers the ids that the operator gave", async () => {
    await identity({ tenantId: "tenant-1", clientId: "client-1" }, workload()).prove(request);
    expect(server.requests[0]?.path).toBe("/tenant-1/oauth2/v2.0/token");
    expect(server.form()["client_id"]).toBe("client-1");
  });

  it("fails without the file", async () => {
    const env = { ...workload(), AZURE_FEDERATED_TOKEN_FILE: join(directory, "missing") };
    const error = await credentialFailure(() => identity({}, env).prove(request), [directory]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain(
      "the file of AZURE_FEDERATED_TOKEN_FILE cannot be used: the file does not exist",
    );
  });

  it("that is refused does not show the assertion", async () => {
    server.answer = ({ body }) => ({ status: 400, body: { error: "invalid_request", error_description: body } });
    const error = await credentialFailure(() => identity({}, workload()).prove(request), secrets);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain("Microsoft Entra's workload identity");
  });
});

describe("a managed identity", () => {
  const query = (url: string) => Object.fromEntries(new URL(url, server.url).searchParams);

  it("comes from App Service where that is", async () => {
    const endS = clock.ms / 1000 + 3600;
    server.answer = () => ({ body: { access_token: "t", expires_on: String(endS), token_type: "Bearer" } });
    expect(await identity({}, appService()).prove(request)).toEqual({ authorization: "Bearer t" });
    const [{ path = "", headers } = {}] = server.requests;
    expect(path).toMatch(/^\/msi\/token\?/);
    expect(query(path)).toEqual({ "api-version": "2019-08-01", resource: "https://cognitiveservices.azure.com" });
    expect(headers).toMatchObject({ "x-identity-header": "canary-identity-header" });
  });

  it("comes from the instance metadata service elsewhere", async () => {
    server.answer = () => ({ body: { access_token: "t", expires_in: "86399", token_type: "Bearer" } });
    await identity({}, { AZURE_CLIENT_ID: "client-2" }).prove(request);
    const [{ path = "", headers, method } = {}] = server.requests;
    expect(method).toBe("GET");
    expect(path).toMatch(/^\/metadata\/identity\/oauth2\/token\?/);
    expect(query(path)).toEqual({
      "api-version": "2018-02-01",
      resource: "https://cognitiveservices.azure.com",
      client_id: "client-2",
    });
    expect(headers).toMatchObject({ metadata: "true" });
  });

  it("is not App Service's where its header is missing", async () => {
    await identity({}, { ...appService(), IDENTITY_HEADER: undefined }).prove(request);
    expect(server.requests[0]?.path).toMatch(/^\/metadata\/identity/);
  });

  it.each([
    [400, "PROVIDER_CREDENTIAL_INVALID"],
    [404, "PROVIDER_CREDENTIAL_INVALID"],
    [410, "PROVIDER_UNAVAILABLE"],
    [429, "PROVIDER_UNAVAILABLE"],
    [500, "PROVIDER_UNAVAILABLE"],
  ])("that answers HTTP %d is %s", async (status, reason) => {
    server.answer = () => ({ status, body: { error: "invalid_request", error_description: "Identity not found" } });
    const error = await credentialFailure(() => identity({}).prove(request), secrets);
    expect(error.reason).toBe(reason);
    expect(error.rawMessage).toContain("Azure's managed identity");
  });

  it("does not send its header in clear text to another machine", async () => {
    const env = { ...appService(), IDENTITY_ENDPOINT: "http://example.com/msi/token" };
    const error = await credentialFailure(() => identity({}, env), secrets);
    expect(error.rawMessage).toContain("IDENTITY_ENDPOINT is not an https address");
  });
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GoogleCredential } from "../../src/credentials/google.ts";
import { Secret } from "../../src/model/secret.ts";
import { credentialFailure, TokenServer } from "../support/token-server.ts";
import { TestClock } from "./clock.ts";
import { authorizedUser, secrets, serviceAccount } from "./google/keys.ts";

const clock = new TestClock();
let home = "";
let server: TokenServer;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "llmhub-google-"));
  server = await TokenServer.start();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

function credential(env: Readonly<Record<string, string>> = {}, json?: unknown): GoogleCredential {
  const surroundings = { env: { GCE_METADATA_HOST: server.host, ...env }, homeDirectory: home, now: clock.now };
  return new GoogleCredential(surroundings, json === undefined ? undefined : new Secret(JSON.stringify(json)));
}

async function keyFile(path: string, key: unknown): Promise<string> {
  const file = join(home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(key));
  return file;
}

const login = ".config/gcloud/application_default_credentials.json";

describe("the application default credentials", () => {
  it("are the JSON that the operator gave, whatever else there is", async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: await keyFile("key.json", authorizedUser(server.url)) };
    const google = credential(env, serviceAccount(server.url));
    expect(await google.prove()).toEqual({ authorization: "Bearer t-1" });
    expect(server.form()["grant_type"]).toContain("jwt-bearer");
  });

  it("are the file of the variable before gcloud's login", async () => {
    await keyFile(login, authorizedUser(server.url));
    const env = { GOOGLE_APPLICATION_CREDENTIALS: await keyFile("key.json", serviceAccount(server.url)) };
    await credential(env).prove();
    expect(server.form()["grant_type"]).toContain("jwt-bearer");
  });

  it("are gcloud's login before the metadata server, at the expense of the project it names", async () => {
    await keyFile(login, authorizedUser(server.url));
    expect(await credential().prove()).toEqual({
      authorization: "Bearer t-1",
      "x-goog-user-project": "quota-project",
    });
    expect(server.form()["grant_type"]).toBe("refresh_token");
  });

  it.each([
    ["CLOUDSDK_CONFIG", "elsewhere/application_default_credentials.json", "elsewhere"],
    ["APPDATA", "roaming/gcloud/application_default_credentials.json", "roaming"],
  ])("are gcloud's login where %s says", async (variable, path, directory) => {
    await keyFile(path, authorizedUser(server.url));
    await credential({ [variable]: join(home, directory) }).prove();
    expect(server.form()["grant_type"]).toBe("refresh_token");
  });

  it("are the metadata server's in the end", async () => {
    expect(await credential().prove()).toEqual({ authorization: "Bearer t-1" });
    expect(server.requests).toMatchObject([
      {
        method: "GET",
        path: "/computeMetadata/v1/instance/service-accounts/default/token",
        headers: { "metadata-flavor": "Google" },
      },
    ]);
  });

  it("are the metadata server's where the home directory is another user's or none", async () => {
    await writeFile(join(home, "file"), "");
    const env = { GCE_METADATA_HOST: server.host };
    const google = new GoogleCredential({ env, homeDirectory: join(home, "file"), now: clock.now });
    expect(await google.prove()).toEqual({ authorization: "Bearer t-1" });
  });

  it("charge the project that GOOGLE_CLOUD_QUOTA_PROJECT names", async () => {
    await keyFile(login, authorizedUser(server.url));
    const proof = await credential({ GOOGLE_CLOUD_QUOTA_PROJECT: "payer" }).prove();
    expect(proof["x-goog-user-project"]).toBe("payer");
  });

  it("are kept, and answer without a promise, until they are renewed from the file as it is then", async () => {
    const start = clock.ms;
    const env = { GOOGLE_APPLICATION_CREDENTIALS: await keyFile("key.json", authorizedUser(server.url)) };
    const google = credential(env);
    const proofs = await Promise.all(Array.from({ length: 100 }, () => google.prove()));
    expect(new Set(proofs.map(({ authorization }) => authorization))).toEqual(new Set(["Bearer t-1"]));
    expect(google.prove()).toBe(proofs[0]);
    await keyFile("key.json", serviceAccount(server.url));
    clock.ms = start + 3_600_000;
    expect(await google.prove()).toEqual({ authorization: "Bearer t-2" });
    expect(server.requests).toHaveLength(2);
    expect(server.form()["grant_type"]).toContain("jwt-bearer");
  });
});

describe("a credential that cannot be used", () => {
  it("is refused at once when it is the operator's", async () => {
    const error = await credentialFailure(() => credential({}, { type: "canary-client-secret" }), secrets);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain("Google's credential in the configuration: its field type");
  });

  it("does not give way to the next when a variable names it", async () => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: join(home, "missing.json") };
    const error = await credentialFailure(() => credential(env).prove(), [home]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toBe(
      "Google's credential in the file of GOOGLE_APPLICATION_CREDENTIALS: the file does not exist; " +
        "point the variable at the JSON of a valid key",
    );
  });

  it("does not give way to the metadata server when it is a broken login", async () => {
    await keyFile(login, { ...authorizedUser(server.url), refresh_token: 1 });
    const error = await credentialFailure(() => credential().prove(), secrets);
    expect(error.rawMessage).toContain("Google's credential of gcloud: its field refresh_token");
    expect(error.rawMessage).toContain("; run: gcloud auth application-default login");
  });

  it("says so when it is refused", async () => {
    await keyFile(login, authorizedUser(server.url));
    server.answer = ({ body }) => ({ status: 400, body: { error: "invalid_grant", error_description: body } });
    const error = await credentialFailure(() => credential().prove(), secrets);
    expect(error.upstream).toMatchObject({ status: 400, code: "invalid_grant" });
    expect(error.rawMessage).toContain("gcloud auth application-default login");
  });

  it("is missing where the machine has no service account", async () => {
    server.answer = () => ({ status: 404, body: "not found" });
    const error = await credentialFailure(() => credential().prove());
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain("give this machine a service account");
  });

  it("is missing where there is no metadata server", async () => {
    // No label of a name may be that long, so nobody has to be asked.
    const error = await credentialFailure(() => credential({ GCE_METADATA_HOST: "x".repeat(64) }).prove());
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain("no other credential was found; give this machine a service account");
  });

  it("may be missing where the metadata server does not answer", async () => {
    await server[Symbol.asyncDispose]();
    const error = await credentialFailure(() => credential().prove());
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.rawMessage).toContain("(connect); outside Google Cloud, set GOOGLE_APPLICATION_CREDENTIALS");
  });

  it("is missing where GCE_METADATA_HOST is no host", async () => {
    const error = await credentialFailure(() => credential({ GCE_METADATA_HOST: "a b" }).prove());
    expect(error.rawMessage).toContain("GCE_METADATA_HOST is no host");
  });
});

it("takes up a new key when the token of the old one is refused", async () => {
  const path = await keyFile(login, authorizedUser(server.url));
  const google = credential();
  await google.prove();
  await writeFile(path, JSON.stringify(serviceAccount(server.url)));
  clock.ms += 60_000;
  google.distrust();
  expect(await google.prove()).toMatchObject({ authorization: "Bearer t-1" });
  await expect.poll(() => google.prove()).toEqual({ authorization: "Bearer t-2" });
  expect(server.requests.length).toBe(2);
});

import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsKeySource, type AwsSettings } from "../../src/credentials/aws-keys.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { credentialFailure, TokenServer } from "../support/token-server.ts";
import { Machine, secret } from "./aws-machine.ts";
import { TestClock } from "./clock.ts";

const roleArn = "arn:aws:iam::123456789012:role/gateway";
const region = "eu-west-1";
const clock = new TestClock();
let machine: Machine;

beforeEach(() => {
  machine = new Machine();
});
afterEach(() => machine[Symbol.dispose]());

/** The access key and the token that these settings lead to. */
async function identity(settings: Omit<AwsSettings, "region">): Promise<[string, string | undefined]> {
  const { value } = await new AwsKeySource({ region, ...settings }, clock.now).fetch();
  return [value.accessKeyId, value.sessionToken];
}

describe("a profile of the settings", () => {
  it("is used, whatever the environment says", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA2");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    machine.file("config", "[profile work]", "aws_access_key_id=AKIA5", `aws_secret_access_key=${secret}`);
    expect(await identity({ profile: "work" })).toEqual(["AKIA5", undefined]);
  });

  it("is not replaced by another identity when it is missing", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA2");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    const error = await credentialFailure(() => identity({ profile: "wrok" }), [secret]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toMatch(/^AWS's profile wrok: nothing usable in profiles; check AWS's config/);
  });

  it("may assume a role in the region of the settings", async () => {
    await using sts = await TokenServer.start(() => machine.assume("AssumeRole", clock.ms));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    machine.file("credentials", "[base]", "aws_access_key_id=AKIA6", `aws_secret_access_key=${secret}`);
    machine.file("config", "[profile work]", `role_arn=${roleArn}`, "source_profile=base");
    expect(await identity({ profile: "work" })).toEqual(["ASIA1", "token-1"]);
    expect(sts.requests[0]?.headers["authorization"]).toMatch(/Credential=AKIA6\/\d+\/eu-west-1\/sts\//);
  });

  it("may be a login by SSO, which has a region of its own", async () => {
    const keys = { accessKeyId: "ASIA9", secretAccessKey: secret, sessionToken: "token", expiration: clock.ms + 1000 };
    await using portal = await TokenServer.start(() => ({ body: { roleCredentials: keys } }));
    vi.stubEnv("AWS_ENDPOINT_URL_SSO", portal.url);
    const start = "https://example.awsapps.com/start";
    const role = ["sso_account_id=123456789012", "sso_role_name=gateway", "sso_region=us-east-2"];
    machine.file("config", "[profile work]", `sso_start_url=${start}`, ...role);
    const missing = await credentialFailure(() => identity({ profile: "work" }), [secret]);
    expect(missing.rawMessage).toContain("nothing usable in profiles, SSO login; check");
    expect(missing.rawMessage).toContain("run: aws sso login");
    mkdirSync(join(machine.home, ".aws/sso/cache"), { recursive: true });
    const login = { accessToken: secret, expiresAt: "2999-01-01T00:00:00Z" };
    machine.file(`.aws/sso/cache/${createHash("sha1").update(start).digest("hex")}.json`, JSON.stringify(login));
    expect(await identity({ profile: "work" })).toEqual(["ASIA9", "token"]);
    expect(portal.requests).toMatchObject([{ headers: { "x-amz-sso_bearer_token": secret } }]);
  });

  it("does not tell what its process wrote", async () => {
    machine.file("config", "[profile work]", `credential_process=sh -c "echo ${secret} >&2; exit 1"`);
    const error = await credentialFailure(() => identity({ profile: "work" }), [secret]);
    expect(error.rawMessage).toContain("nothing usable in profiles, credential process");
  });

  it("may not bring keys that a header cannot hold", async () => {
    machine.file("config", "[profile work]", "aws_access_key_id=AKIA 7", `aws_secret_access_key=${secret}`);
    const error = await credentialFailure(() => identity({ profile: "work" }), [secret]);
    expect(error).toMatchObject({ reason: "PROVIDER_CREDENTIAL_INVALID" });
    expect(error.rawMessage).toContain("accessKeyId is empty or holds a blank");
  });
});

describe("a web identity of the settings", () => {
  const settings = () => ({ roleArn, webIdentityTokenFile: machine.file("token", secret) });

  it("assumes its role", async () => {
    await using sts = await TokenServer.start(() => machine.assume("AssumeRoleWithWebIdentity", clock.ms));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    expect(await identity(settings())).toEqual(["ASIA1", "token-1"]);
    expect(sts.requests.map((_, i) => sts.form(i))).toMatchObject([{ RoleArn: roleArn, RoleSessionName: "llmhub" }]);
  });

  it.each([
    ["is refused", 400, "ExpiredTokenException", "PROVIDER_CREDENTIAL_INVALID"],
    ["is refused", 403, "AccessDenied", "PROVIDER_CREDENTIAL_INVALID"],
    ["meets a server that fails", 500, "InternalFailure", "PROVIDER_UNAVAILABLE"],
    ["meets a server that is busy", 400, "Throttling", "PROVIDER_UNAVAILABLE"],
  ])("%s with %i %s", async (_, status, code, reason) => {
    const body = `<ErrorResponse><Error><Type>x</Type><Code>${code}</Code><Message>${secret}</Message></Error></ErrorResponse>`;
    await using sts = await TokenServer.start(() => ({ status, body }));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    const error = await credentialFailure(() => identity(settings()), [secret]);
    expect(error.reason).toBe(reason);
    expect(error.info["upstreamCode"]).toMatch(new RegExp(code.replace("Exception", "")));
  });

  it("is missing", async () => {
    const error = await credentialFailure(
      () => identity({ ...settings(), webIdentityTokenFile: join(machine.home, "no") }),
      [secret],
    );
    expect(error).toMatchObject({ reason: "PROVIDER_CREDENTIAL_INVALID", info: { upstreamCode: "ENOENT" } });
    expect(error.rawMessage).not.toContain(machine.home);
  });

  it("meets nobody", async () => {
    const sts = await TokenServer.start(() => ({ body: "" }));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    await sts[Symbol.asyncDispose]();
    const error = await credentialFailure(() => identity(settings()), [secret]);
    expect(error).toMatchObject({ reason: "PROVIDER_UNAVAILABLE", info: { cause: "connect" } });
  });

  it("meets a server that does not answer, and asks it once", async () => {
    await using sts = await ScriptedUpstream.start(async (connection) => void (await connection.request()));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    const source = new AwsKeySource({ region, ...settings() }, clock.now, 50);
    for (const attempt of [1, 2, 3]) {
      const error = await credentialFailure(() => source.fetch(), [secret]);
      expect([attempt, error.reason, error.info["cause"]]).toEqual([attempt, "PROVIDER_UNAVAILABLE", "timeout"]);
    }
    expect(sts.connections.length).toBeLessThanOrEqual(1);
  });
});

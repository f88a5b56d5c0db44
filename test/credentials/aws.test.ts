import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AwsAuthorizer } from "../../src/credentials/aws.ts";
import type { AwsSettings } from "../../src/credentials/aws-keys.ts";
import type { OutgoingRequest, Proof } from "../../src/model/authorizer.ts";
import type { GatewayError } from "../../src/model/error.ts";
import { credentialFailure, TokenServer } from "../support/token-server.ts";
import { Machine, secret } from "./aws-machine.ts";
import { TestClock } from "./clock.ts";

const minuteMs = 60_000;
const roleArn = "arn:aws:iam::123456789012:role/gateway";
const region = "eu-west-1";
const request: OutgoingRequest = {
  method: "POST",
  url: new URL("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse"),
  headers: { "content-type": "application/json" },
  body: "{}",
};

const clock = new TestClock();
let machine: Machine;

beforeEach(() => {
  clock.ms = Date.UTC(2026, 0, 1);
  machine = new Machine();
});
afterEach(() => machine[Symbol.dispose]());

function authorizer(settings: Omit<AwsSettings, "region"> = {}): AwsAuthorizer {
  return new AwsAuthorizer({ region, ...settings }, "bedrock", clock);
}

/** The access key and the token that a proof was made with. */
function identity(proof: Proof): [key: string | undefined, token: string | undefined] {
  return [/Credential=([^/]+)/.exec(proof["authorization"] ?? "")?.[1], proof["x-amz-security-token"]];
}

describe("keys of the settings", () => {
  it("prove at once", () => {
    const proof = authorizer({ accessKeyId: "AKIA1", secretAccessKey: secret }).prove(request);
    expect(proof).not.toBeInstanceOf(Promise);
    expect(proof).toEqual({
      authorization: expect.stringContaining("Credential=AKIA1/20260101/eu-west-1/bedrock/aws4_request"),
      "x-amz-date": "20260101T000000Z",
    });
  });

  it("may have a session token", async () => {
    const settings = { accessKeyId: "AKIA1", secretAccessKey: secret, sessionToken: "token" };
    expect(identity(await authorizer(settings).prove(request))).toEqual(["AKIA1", "token"]);
  });

  it("assume a role, in the region of the settings", async () => {
    await using sts = await TokenServer.start(() => machine.assume("AssumeRole", clock.ms));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    const settings = { accessKeyId: "AKIA1", secretAccessKey: secret, roleArn };
    expect(identity(await authorizer(settings).prove(request))).toEqual(["ASIA1", "token-1"]);
    const [asked] = sts.requests;
    expect(asked?.headers["authorization"]).toMatch(/Credential=AKIA1\/\d+\/eu-west-1\/sts\//);
    expect(sts.form()).toMatchObject({ Action: "AssumeRole", RoleArn: roleArn, RoleSessionName: "llmhub" });
  });

  it.each<[string, Partial<AwsSettings>]>([
    ["belong together", { accessKeyId: "AKIA1" }],
    ["belong together", { secretAccessKey: secret }],
    ["belong together", { sessionToken: secret }],
    ["exclude each other", { accessKeyId: "AKIA1", secretAccessKey: secret, profile: "p" }],
    ["exclude each other", { profile: "p", webIdentityTokenFile: "t", roleArn }],
    ["needs the roleArn", { webIdentityTokenFile: "t" }],
    ["secretAccessKey is empty or holds", { accessKeyId: "AKIA1", secretAccessKey: `${secret}\n` }],
    ["accessKeyId is empty or holds", { accessKeyId: "", secretAccessKey: secret }],
    ["region must be like", { region: "eu-west-1/x" }],
  ])("that contradict each other %s", async (said, settings) => {
    const error = await credentialFailure(() => new AwsAuthorizer({ region, ...settings }, "bedrock", clock), [secret]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toContain(said);
  });
});

describe("the default chain", () => {
  it("finds keys in the environment", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA2");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    vi.stubEnv("AWS_SESSION_TOKEN", "token");
    expect(identity(await authorizer().prove(request))).toEqual(["AKIA2", "token"]);
  });

  it("finds keys in a profile, also one that changes", async () => {
    const keys = (id: string) =>
      machine.file("credentials", "[default]", `aws_access_key_id=${id}`, `aws_secret_access_key=${secret}`);
    keys("AKIA3");
    const aws = authorizer();
    expect(identity(await aws.prove(request))).toEqual(["AKIA3", undefined]);
    keys("AKIA4");
    clock.ms += 15 * minuteMs;
    expect(identity(await aws.prove(request))).toEqual(["AKIA4", undefined]);
  });

  it("looks again when keys are refused, which have no end of their own", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA1");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", secret);
    const aws = authorizer();
    await aws.prove(request);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIA2");
    clock.ms += minuteMs;
    aws.distrust();
    await expect.poll(async () => identity(await aws.prove(request))[0]).toBe("AKIA2");
  });

  it("finds a web identity, whose token is read anew", async () => {
    await using sts = await TokenServer.start(() => machine.assume("AssumeRoleWithWebIdentity", clock.ms));
    vi.stubEnv("AWS_ENDPOINT_URL_STS", sts.url);
    vi.stubEnv("AWS_ROLE_ARN", roleArn);
    vi.stubEnv("AWS_WEB_IDENTITY_TOKEN_FILE", machine.file("token", "first"));
    const aws = authorizer();
    expect(identity(await aws.prove(request))).toEqual(["ASIA1", "token-1"]);
    machine.file("token", "second");
    clock.ms += 60 * minuteMs;
    expect(identity(await aws.prove(request))).toEqual(["ASIA2", "token-2"]);
    const forms = sts.requests.map((_, i) => sts.form(i));
    expect(forms[0]).toMatchObject({ Action: "AssumeRoleWithWebIdentity", RoleArn: roleArn });
    expect(forms.map((form) => form["WebIdentityToken"]?.trim())).toEqual(["first", "second"]);
  });

  it("finds the endpoint of a container", async () => {
    await using container = await TokenServer.start(() => machine.issue(clock.ms));
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `${container.url}/keys`);
    vi.stubEnv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer pod");
    expect(identity(await authorizer().prove(request))).toEqual(["ASIA1", "token-1"]);
    expect(container.requests).toMatchObject([{ path: "/keys", headers: { authorization: "Bearer pod" } }]);
  });

  it("finds the metadata of an instance, by a token of a session", async () => {
    const base = "/latest/meta-data/iam/security-credentials/";
    // The library compares with its own clock here.
    clock.ms = Date.now();
    await using instance = await TokenServer.start(({ path }) => {
      if (path === base) return { body: "gateway" };
      return path === "/latest/api/token" ? { body: "session" } : machine.issue(clock.ms);
    });
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", undefined);
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.url);
    expect(identity(await authorizer().prove(request))).toEqual(["ASIA1", "token-1"]);
    expect(instance.requests).toMatchObject([
      { method: "PUT", path: "/latest/api/token" },
      { method: "GET", path: base, headers: { "x-aws-ec2-metadata-token": "session" } },
      { method: "GET", path: `${base}gateway`, headers: { "x-aws-ec2-metadata-token": "session" } },
    ]);
  });

  it("says where it looked when there is nothing", async () => {
    const error = await credentialFailure(() => authorizer().prove(request), [secret]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.rawMessage).toBe(
      "AWS's default chain of credentials: nothing usable in environment variables, profiles, credential process, " +
        "web identity token; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, run: aws sso login, or give the machine a role",
    );
  });
});

describe("keys that expire", () => {
  it("are renewed behind the calls, and waited for when they are stale", async () => {
    await using container = await TokenServer.start(() => machine.issue(clock.ms));
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url);
    const aws = authorizer();
    const first = await Promise.all(Array.from({ length: 50 }, () => aws.prove(request)));
    expect(new Set(first.map((proof) => identity(proof)[0]))).toEqual(new Set(["ASIA1"]));
    clock.ms += 54 * minuteMs;
    expect(identity(aws.prove(request) as Proof)[0]).toBe("ASIA1");
    expect(container.requests).toHaveLength(1);
    clock.ms += minuteMs;
    expect(identity(aws.prove(request) as Proof)[0]).toBe("ASIA1");
    clock.ms += 5 * minuteMs;
    const second = await Promise.all(Array.from({ length: 50 }, () => aws.prove(request)));
    expect(new Set(second.map((proof) => identity(proof)[0]))).toEqual(new Set(["ASIA2"]));
    expect(container.requests).toHaveLength(2);
  });

  it("stay in use when their renewal fails", async () => {
    machine.file("credentials", "[work]", "aws_access_key_id=AKIA8", `aws_secret_access_key=${secret}`);
    const missed = Promise.withResolvers<GatewayError>();
    const surroundings = { now: clock.now, renewalFailed: missed.resolve };
    const aws = new AwsAuthorizer({ region, profile: "work" }, "bedrock", surroundings);
    await aws.prove(request);
    machine.file("credentials", "");
    clock.ms += 14 * minuteMs;
    expect(identity(aws.prove(request) as Proof)[0]).toBe("AKIA8");
    expect((await missed.promise).reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(identity(aws.prove(request) as Proof)[0]).toBe("AKIA8");
  });

  it("are not taken when they have expired", async () => {
    await using container = await TokenServer.start(() => machine.issue(clock.ms - 61 * minuteMs));
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.url);
    const error = await credentialFailure(() => authorizer().prove(request), [secret]);
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.rawMessage).toContain("have expired already");
  });
});

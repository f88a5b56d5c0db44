import { describe, expect, it } from "vitest";
import { TokenClient } from "../../src/credentials/token-client.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { credentialFailure, type TokenReply, TokenServer } from "../support/token-server.ts";
import { TestClock } from "./clock.ts";

const source = { name: "the test's credential", mend: "mend it" };
const secret = "canary-secret";
const clock = new TestClock();

async function askOf(reply: TokenReply) {
  await using server = await TokenServer.start(() => reply);
  const client = new TokenClient(source, clock.now);
  // The server lives until the answer is there.
  return await client.askToken({ url: new URL(`${server.url}/token`), form: { client_secret: secret } });
}

describe("a token", () => {
  it("is asked for with a form", async () => {
    await using server = await TokenServer.start();
    const client = new TokenClient(source, clock.now);
    const form = { scope: "a b", secret: "ä&=" };
    const { token } = await client.askToken({
      url: new URL(`${server.url}/token?x=1`),
      form,
      headers: { "x-own": "y" },
    });
    expect(token.reveal()).toBe("t-1");
    expect(server.form()).toEqual(form);
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      path: "/token?x=1",
      headers: { "content-type": "application/x-www-form-urlencoded", "x-own": "y" },
    });
  });

  it.each<[Record<string, unknown>, number]>([
    [{ expires_in: 3599 }, 3_599_000],
    [{ expires_in: "86399" }, 86_399_000],
    [{ expires_in: 1e12 }, 86_400_000],
    [{ expires_on: String(clock.ms / 1000 + 600) }, 600_000],
    [{ expires_on: clock.ms / 1000 + 600 }, 600_000],
    [{ expires_in: "", expires_on: String(clock.ms / 1000 + 60) }, 60_000],
    [{ expires_in: 60, expires_on: clock.ms / 1000 + 600 }, 60_000],
    [{}, 300_000],
    [{ expires_in: "soon" }, 300_000],
    [{ expires_in: null }, 300_000],
  ])("with %j lives %d ms", async (fields, lifeMs) => {
    const { expiresMs } = await askOf({ body: { access_token: "t", token_type: "Bearer", ...fields } });
    expect(expiresMs - clock.ms).toBe(lifeMs);
  });
});

describe("a server that refuses", () => {
  it.each<[number, unknown, string, string]>([
    [400, { error: "invalid_grant", error_description: secret }, "invalid_grant", "HTTP 400, invalid_grant"],
    [401, { error: "invalid_client" }, "invalid_client", "HTTP 401, invalid_client"],
    [
      401,
      { error: "invalid_client", error_codes: [7000215], error_description: `AADSTS7000215: ${secret}` },
      "invalid_client",
      "HTTP 401, invalid_client, AADSTS7000215",
    ],
    [401, { error: "invalid_client", error_codes: [secret] }, "invalid_client", "HTTP 401, invalid_client"],
    [403, { error: { code: 403, message: secret, status: "PERMISSION_DENIED" } }, "PERMISSION_DENIED", "HTTP 403, "],
    [400, { error: `the secret ${secret} is wrong` }, "", "(HTTP 400)"],
    [400, { error: [secret] }, "", "(HTTP 400)"],
    [400, `<html>${secret}`, "", "(HTTP 400)"],
    [400, "", "", "(HTTP 400)"],
    [400, "null", "", "(HTTP 400)"],
    [404, "", "", "(HTTP 404)"],
  ])("with HTTP %d and %j has got a bad credential", async (status, body, code, said) => {
    const error = await credentialFailure(() => askOf({ status, body }), [secret]);
    expect(error.reason).toBe("PROVIDER_CREDENTIAL_INVALID");
    expect(error.upstream).toMatchObject({ status, code });
    expect(error.rawMessage).toContain("the test's credential: its token server refuses it");
    expect(error.rawMessage).toContain(said);
    expect(error.rawMessage).toMatch(/; mend it$/);
    expect(error.info).toMatchObject({ upstreamStatus: String(status), upstreamCode: code, credential: source.name });
    expect(error.details).toContainEqual(
      expect.objectContaining({
        value: expect.objectContaining({ violations: [expect.objectContaining({ type: "PROVIDER_CREDENTIAL" })] }),
      }),
    );
  });
});

describe("a server that gives nothing usable", () => {
  it.each<[TokenReply, string]>([
    [{ status: 500 }, "HTTP 500"],
    [{ status: 503, body: { error: "temporarily_unavailable" } }, "HTTP 503, temporarily_unavailable"],
    [{ status: 400, body: { error: "temporarily_unavailable" } }, "HTTP 400, temporarily_unavailable"],
    [{ status: 429 }, "HTTP 429"],
    [{ status: 410 }, "HTTP 410"],
    [{ status: 302, headers: { location: "http://127.0.0.1:1/" } }, "something else than a token (HTTP 302)"],
    [{ body: `{"access_token": "${secret}` }, "no token"],
    [{ body: `<html>${secret}</html>` }, "no token"],
    [{ body: {} }, "no token"],
    [{ body: { access_token: "" } }, "no token"],
    [{ body: { access_token: [secret] } }, "no token"],
    [{ body: { access_token: `${secret}\r\nx: y` } }, "no token"],
    [{ body: { access_token: secret, expires_in: 0 } }, "expired"],
    [{ body: { access_token: secret, expires_on: clock.ms / 1000 } }, "expired"],
  ])("such as %j is an outage", async (reply, said) => {
    const error = await credentialFailure(() => askOf(reply), [secret]);
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.rawMessage).toContain(said);
    expect(error.retryMs).toBe(1000);
  });

  it("such as an endless one is an outage", async () => {
    const error = await credentialFailure(() => askOf({ body: { access_token: "x".repeat(64 * 1024) } }));
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.rawMessage).toContain("more than 65536 bytes");
  });

  it("passes on when a repeat may help", async () => {
    const error = await credentialFailure(() => askOf({ status: 503, headers: { "retry-after": "7" } }));
    expect(error.retryMs).toBe(7000);
  });
});

describe("a connection that fails", () => {
  const askAt = (url: string, answerMs?: number) =>
    new TokenClient(source, clock.now, answerMs).askToken({ url: new URL(url), form: { client_secret: secret } });

  it("because nobody listens", async () => {
    const server = await TokenServer.start();
    await server[Symbol.asyncDispose]();
    const error = await credentialFailure(() => askAt(server.url), [secret]);
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.info["cause"]).toBe("connect");
  });

  it("because it is reset", async () => {
    await using server = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      connection.reset();
    });
    const error = await credentialFailure(() => askAt(server.url), [secret]);
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.info["cause"]).toBe("reset");
  });

  it.each(["before the head", "after the head"])("because it is silent %s", async (when) => {
    await using server = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      if (when === "after the head") await connection.head(200, { "content-length": "100" });
    });
    const error = await credentialFailure(() => askAt(server.url, 30), [secret]);
    expect(error.reason).toBe("PROVIDER_UNAVAILABLE");
    expect(error.info["cause"]).toBe("timeout");
    await server.closed();
  });
});

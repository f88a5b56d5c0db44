import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blackHole } from "../../support/black-hole.ts";
import { TestGateway } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream, trickle } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./dialects.ts";
import { type Fault, faultOf } from "./fault.ts";
import { noTrials } from "./target-health.ts";

/** A gateway that may call its only provider three times, and does not wait long in between. */
function alone(url: string, timeouts: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  return TestGateway.start({
    providers: providerAt(url, chat.kind, { timeouts }),
    models: { retry: { maxAttempts: 3, initialBackoff: "1ms", maxBackoff: "1ms" } },
    health: noTrials,
  });
}

/** What is heard of a call whose every attempt went like this, and what was counted. */
async function expectTried(gateway: TestGateway, times: number, outcome: string, fault: Partial<Fault>) {
  const { events, error } = await gateway.stream(request);
  expect(events).toEqual([]);
  expect(faultOf(error)).toMatchObject({ ...fault, attempts: Array(times).fill(fault.reason), outputStarted: false });
  expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome })).toBe(times);
  expect(await gateway.metric("upstream_attempts_total")).toBe(times);
  expect(await gateway.metric("retries_total", { to: "repeat" })).toBe(times - 1);
  expect(await gateway.metric("calls_total")).toBe(1);
  return error;
}

const unavailable = { code: "Unavailable", reason: "PROVIDER_UNAVAILABLE" };
const overloaded = { code: "Unavailable", reason: "PROVIDER_OVERLOADED" };
const late = { code: "Unavailable", reason: "PROVIDER_TIMEOUT", cause: "first_output" };
const unreadable = (cause: string) => ({ code: "Internal", reason: "PROVIDER_BAD_RESPONSE", cause });
const limited = { code: "ResourceExhausted", reason: "PROVIDER_RATE_LIMITED" };
const spent = { code: "FailedPrecondition", reason: "PROVIDER_QUOTA_EXHAUSTED" };
const distrusted = { code: "FailedPrecondition", reason: "PROVIDER_CREDENTIAL_INVALID" };
const invalid = { code: "InvalidArgument", reason: "PROVIDER_INVALID_REQUEST" };

test("U1: a refused connection is tried as often as allowed", async () => {
  await using gateway = await alone("http://127.0.0.1:1");
  await expectTried(gateway, 3, "connect", { ...unavailable, cause: "connect", retry: true, usage: "none" });
});

test("U2: a host that answers no SYN costs a connect timeout a try", async () => {
  await using hole = await blackHole();
  await using gateway = await alone(hole.url, { connect: "50ms" });
  await expectTried(gateway, 3, "connect_timeout", { ...unavailable, cause: "connect_timeout", retry: true });
});

const events =
  (body: string, forever = ""): Script =>
  async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(body);
    if (forever !== "") await trickle(connection, forever);
  };
const ended =
  (body: string): Script =>
  async (connection) => {
    await events(body)(connection);
    connection.end();
  };
const refusing =
  (status: number, headers = {}, code = ""): Script =>
  async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(status, JSON.stringify({ error: { type: code, code, message: "canary" } }), headers);
    }
  };
const answering =
  (status: number, body: string, type: string): Script =>
  async (connection) => {
    for (;;) {
      await connection.request();
      await connection.respond(status, body, { "content-type": type });
    }
  };

type Row = readonly [name: string, play: Script, hits: number, outcome: string, fault: Partial<Fault>];

const rows: readonly Row[] = [
  ["U3: no headers", async (connection) => void (await connection.request()), 3, "first_output", late],
  ["U4: headers only", events(""), 3, "first_output", late],
  ["U6: comments for ever", events(chat.preamble, ": on\n\n"), 3, "first_output", late],
  [
    "U7: a reset",
    async (connection) => {
      await connection.request();
      connection.reset();
    },
    3,
    "reset",
    { ...unavailable, cause: "reset" },
  ],
  ["U9: a clean end without a marker", ended(chat.preamble), 3, "truncated", unreadable("truncated")],
  ["U11: JSON that is none", events('data: {"cho\n\n'), 3, "bad_json", unreadable("bad_json")],
  ["U13: a page", answering(200, "<html>canary", "text/html"), 3, "html", unreadable("html")],
  ["U13: nothing", answering(200, "", "text/event-stream"), 3, "empty", unreadable("empty")],
  ["U14: an error behind 200", events(chat.preamble + chat.overloaded), 3, "provider_overloaded", overloaded],
  ["U15: 429, and a short pause each", refusing(429, { "retry-after-ms": "20" }), 3, "429", limited],
  ["U16: 429, come at once", refusing(429, { "retry-after": "0" }), 3, "429", limited],
  ["U16: 429, come in more than a minute", refusing(429, { "retry-after": "61" }), 1, "429", limited],
  ["U16: 429, never come", refusing(429, { "retry-after": "1e9" }), 1, "429", limited],
  ["U17: an empty account", refusing(429, {}, "insufficient_quota"), 1, "429", spent],
  ["U17: a limit on what is spent", refusing(429, {}, "enforced_spend_limit_reached"), 1, "429", spent],
  ["U18: 500", refusing(500), 3, "500", unavailable],
  ["U18: 503", refusing(503, { "retry-after": "0" }), 3, "503", overloaded],
  ["U18: 529", refusing(529, { "retry-after": "0" }), 3, "529", overloaded],
  ["U19: 401", refusing(401), 1, "401", { ...distrusted, retry: false }],
  ["U19: 403", refusing(403), 1, "403", { ...distrusted, retry: false }],
  ["U20: 400", refusing(400), 1, "400", { ...invalid, retry: false }],
  ["U20: 404", refusing(404, {}, "model_not_found"), 1, "404", { code: "NotFound", reason: "MODEL_NOT_FOUND" }],
  ["U20: 413", refusing(413), 1, "413", { ...invalid, retry: false }],
  ["U20: 422", refusing(422), 1, "422", { ...invalid, retry: false }],
  ["U21: a redirect", refusing(301, { location: "http://127.0.0.1:1/" }), 1, "redirect", unreadable("redirect")],
];

test.each(rows)("%s is tried as often as a repeat may help", async (...row) => {
  const [, play, hits, outcome, fault] = row;
  await using up = await ScriptedUpstream.start(play);
  await using gateway = await alone(up.url, { firstOutput: outcome === "first_output" ? "60ms" : "20s" });
  await expectTried(gateway, hits, outcome, fault);
  expect(up.requests.length).toBe(hits);
  expect(await gateway.metric("breaker_state")).toBe(0);
});

test("U22: a certificate that is not trusted is tried once", async () => {
  const pem = (name: string) =>
    readFileSync(join(import.meta.dirname, `../../support/certificates/${name}.pem`), "utf8");
  const options = { cert: pem("self-signed"), key: pem("self-signed.key") };
  await using up = await ScriptedUpstream.start(async (connection) => void (await connection.request()), options);
  await using gateway = await alone(up.url);
  await expectTried(gateway, 1, "tls", { ...unavailable, cause: "tls", usage: "none" });
  expect(up.requests).toEqual([]);
});

test.each([
  ["U3: no headers", async (connection) => void (await connection.request())],
  ["U4: headers only", events("")],
  ["U6: comments for ever", events(chat.preamble, ": on\n\n")],
] as const satisfies readonly (readonly [string, Script])[])(
  "%s until the caller's deadline is a deadline, within one attempt",
  async (_name, play) => {
    await using up = await ScriptedUpstream.start(play);
    await using gateway = await alone(up.url);
    // Told in a header, so that only the gateway keeps the time.
    const { error } = await gateway.stream(request, { headers: { "grpc-timeout": "500m" } });
    expect(faultOf(error)).toMatchObject({
      code: "DeadlineExceeded",
      reason: "DEADLINE_EXCEEDED",
      cause: "provider_first_token",
      attempts: ["DEADLINE_EXCEEDED"],
    });
    await up.closed();
    expect(up.requests.length).toBe(1);
    expect(await gateway.metric("calls_total", { code: "DEADLINE_EXCEEDED" })).toBe(1);
  },
);

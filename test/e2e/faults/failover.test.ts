import { expect, test } from "vitest";
import { blackHole } from "../../support/black-hole.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream, trickle } from "../../support/scripted-upstream.ts";
import { answerOf, asked, beside, policies, spared } from "./beside.ts";
import { chat, type Dialect, dialects, providerAt } from "./dialects.ts";
import { faultOf, modes } from "./fault.ts";

test.each(modes)("U1: a refused connection is not seen, %s", async (mode) => {
  await using both = await beside("http://127.0.0.1:1", chat.kind);
  expect(await answerOf(both.gateway, mode)).toMatchObject(spared("PROVIDER_UNAVAILABLE"));
  expect(both.spare.requests.length).toBe(1);
  expect(await both.gateway.metric("retries_total", { provider: "up", to: "other" })).toBe(1);
  expect(await both.gateway.metric("calls_total", { provider: "spare", code: "OK" })).toBe(1);
  expect(await both.gateway.metric("calls_total")).toBe(1);
});

test.each(modes)("U2: a host that answers no SYN is not seen, %s", async (mode) => {
  await using hole = await blackHole();
  await using both = await beside(hole.url, chat.kind, { timeouts: { connect: "100ms" } });
  expect(await answerOf(both.gateway, mode)).toMatchObject(spared("PROVIDER_UNAVAILABLE"));
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up", outcome: "connect_timeout" })).toBe(1);
});

const page: Script = async (connection) => {
  await connection.request();
  await connection.respond(200, "<html>canary", { "content-type": "text/html" });
};
const status =
  (code: number, type?: string, headers = {}): Script =>
  async (connection) => {
    await connection.request();
    const error = { type, code: type, status: type, message: "model: canary" };
    await connection.respond(code, type === undefined ? "" : JSON.stringify({ type: "error", error }), headers);
  };
const inHour = () => new Date(Date.now() + 3_600_000).toUTCString();
const sse = { "content-type": "text/event-stream" };
const json = { "content-type": "application/json" };
const short = { unary: { total: "100ms" }, stream: { firstOutput: "100ms" } };
const limitOf = { unary: "total", stream: "first_output" };

/** What the provider does, the reason of the attempt, how often it is asked, and the outcome that is counted. */
type Fault = readonly [name: string, play: (dialect: Dialect) => Script, reason: string, hits: number, outcome: string];

/** Sends this and leaves the connection open, or sends a piece of it for ever. */
const events =
  (head: (dialect: Dialect) => string, forever = ""): ((dialect: Dialect) => Script) =>
  (dialect) =>
  async (connection) => {
    await connection.request();
    await connection.head(200, sse);
    await connection.write(head(dialect));
    if (forever !== "") await trickle(connection, forever);
  };
/** A body that ends in order too early. */
const ended =
  (body: (dialect: Dialect) => string, headers: Readonly<Record<string, string>>): ((dialect: Dialect) => Script) =>
  (dialect) =>
  async (connection) => {
    await connection.request();
    await connection.head(200, headers);
    await connection.write(body(dialect));
    connection.end();
  };
const limited = (hint: string) => status(429, "rate_limit_error", { "retry-after": hint });
const refused = "PROVIDER_RATE_LIMITED";
const unreadable = "PROVIDER_BAD_RESPONSE";
const late = "PROVIDER_TIMEOUT";

const slow: readonly Fault[] = [
  ["U3: no headers", () => async (connection) => void (await connection.request()), late, 1, ""],
  ["U4: headers only", events(() => ""), late, 1, ""],
  ["U4: a preamble", events(({ preamble }) => preamble), late, 1, ""],
  ["U6: comments for ever", events(({ preamble }) => preamble, ": keep-alive\n\n"), late, 1, ""],
  ["U6: one byte at a time", events(() => "", "d"), late, 1, ""],
];

const failing: readonly Fault[] = [
  [
    "U7: a reset, also on a new connection",
    () => async (connection) => {
      await connection.request();
      connection.reset();
    },
    "PROVIDER_UNAVAILABLE",
    2,
    "reset",
  ],
  ["U13: a page", () => page, unreadable, 1, "html"],
  ["U13: an empty answer", () => status(200, undefined, sse), unreadable, 1, "empty"],
  ["U13: 204", () => status(204, undefined, sse), unreadable, 1, "empty"],
  ["U15: 429", () => limited("2"), refused, 1, "429"],
  ["U16: 429 for ever", () => limited("1e9"), refused, 1, "429"],
  ["U16: 429 until a date", () => limited(inHour()), refused, 1, "429"],
  ["U16: 429 until before", () => limited("-1"), refused, 1, "429"],
  ["U16: 429 at once", () => limited("0"), refused, 1, "429"],
  ["U16: 429 with garbage", () => limited("abc"), refused, 1, "429"],
  ["U17: an account without credit", () => status(402, "billing"), "PROVIDER_QUOTA_EXHAUSTED", 1, "402"],
  ["U18: 500", () => status(500, "api_error"), "PROVIDER_UNAVAILABLE", 1, "500"],
  ["U18: 503", () => status(503, "overloaded_error"), "PROVIDER_OVERLOADED", 1, "503"],
  ["U18: 529", () => status(529, "overloaded"), "PROVIDER_OVERLOADED", 1, "529"],
  ["U19: 401", () => status(401, "authentication_error"), "PROVIDER_CREDENTIAL_INVALID", 1, "401"],
  ["U19: 403", () => status(403, "permission_error"), "PROVIDER_CREDENTIAL_INVALID", 1, "403"],
  ["U20: 404 of a model that the policy names", () => status(404, "not_found_error"), "MODEL_NOT_FOUND", 1, "404"],
  ["U21: a redirect", () => status(307, undefined, { location: "http://127.0.0.1:1/" }), unreadable, 1, "redirect"],
];

/** What only a stream can do. */
const failingStreams: readonly Fault[] = [
  ["U9: a clean end after the preamble", ended(({ preamble }) => preamble, sse), unreadable, 1, "truncated"],
  ["U11: JSON that is none", events(({ preamble }) => `${preamble}data: {"cho\n\n`), unreadable, 1, "bad_json"],
  ["U12: a line without an end", events(() => `data: ${"a".repeat(1.1 * 1024 * 1024)}`), unreadable, 1, "stream_limit"],
  ["U13: a whole answer", ended(({ whole }) => whole("canary"), json), unreadable, 1, "not_sse"],
  [
    "U13: fewer bytes than announced",
    ended(({ preamble }) => preamble, { ...sse, "content-length": "9999" }),
    "PROVIDER_UNAVAILABLE",
    2,
    "reset",
  ],
  [
    "U14: an error behind 200 and a preamble",
    events(({ preamble, overloaded }) => preamble + overloaded),
    "PROVIDER_OVERLOADED",
    1,
    "provider_overloaded",
  ],
];

for (const dialect of dialects) {
  for (const mode of modes) {
    const faults = [...slow, ...failing, ...(mode === "stream" ? failingStreams : [])];
    test.each(faults)(`%s is not seen, ${dialect.kind}, ${mode}`, async (_name, play, reason, hits, outcome) => {
      await using up = await ScriptedUpstream.start(play(dialect));
      await using both = await beside(up.url, dialect.kind, { timeouts: reason === late ? short[mode] : {} });
      const { gateway, spare } = both;
      expect(await answerOf(gateway, mode)).toMatchObject(spared(reason, hits));
      expect([up.requests.length, spare.requests.length]).toEqual([hits, 1]);
      const counted = outcome === "" ? limitOf[mode] : outcome;
      expect(await gateway.metric("upstream_attempts_total", { provider: "up", outcome: counted })).toBe(hits);
      expect(await gateway.metric("upstream_attempts_total")).toBe(hits + 1);
      expect(await gateway.metric("retries_total", { provider: "up", to: "other" })).toBe(1);
      expect(await gateway.metric("breaker_state")).toBe(0);
      if (reason === late) await up.closed();
    });

    test.each([400, 413, 422])(`U20: HTTP %i helps nobody elsewhere, ${dialect.kind}, ${mode}`, async (code) => {
      await using up = await ScriptedUpstream.start(status(code, "invalid_request_error"));
      await using both = await beside(up.url, dialect.kind);
      const { error } =
        mode === "unary" ? { error: await both.gateway.failure(asked) } : await both.gateway.stream(asked);
      expect(faultOf(error)).toMatchObject({ reason: "PROVIDER_INVALID_REQUEST", retry: false });
      expect([up.requests.length, both.spare.requests.length]).toEqual([1, 0]);
    });
  }
}

test("U3: a target that stays silent leaves the next one time before the caller's deadline", async () => {
  await using up = await ScriptedUpstream.start(async (connection) => void (await connection.request()));
  await using both = await beside(up.url, chat.kind);
  const { events, error } = await both.gateway.stream(asked, { headers: { "grpc-timeout": "4000m" } });
  expect(error).toBeUndefined();
  expect(textOf({ events })).toBe("Hello");
  await up.closed();
  expect([up.requests.length, both.spare.requests.length]).toEqual([1, 1]);
  expect(await both.gateway.metric("upstream_attempts_total", { provider: "up", outcome: "first_output" })).toBe(1);
  // A share of somebody's deadline is no evidence against the target.
  expect(await both.gateway.metric("breaker_state")).toBe(0);
});

test("a call whose every target fails tells of all of them", async () => {
  await using up = await ScriptedUpstream.start(status(401, "authentication_error"));
  await using spare = await ScriptedUpstream.start(status(402, "billing"));
  const providers = { ...providerAt(up.url, chat.kind), spare: { kind: chat.kind, baseUrl: `${spare.url}/v1` } };
  await using gateway = await TestGateway.start({ providers, models: { policies } });
  expect(faultOf(await gateway.failure(asked))).toMatchObject({
    code: "FailedPrecondition",
    reason: "PROVIDER_QUOTA_EXHAUSTED",
    attempts: ["PROVIDER_CREDENTIAL_INVALID", "PROVIDER_QUOTA_EXHAUSTED"],
  });
  expect([up.requests.length, spare.requests.length]).toEqual([1, 1]);
});

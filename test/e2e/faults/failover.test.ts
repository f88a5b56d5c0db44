import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsOptions } from "node:tls";
import { expect, test } from "vitest";
import { CompletionView } from "../../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome } from "../../../gen/llmhub/v1/routing_pb.ts";
import { blackHole } from "../../support/black-hole.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, type Dialect, dialects, providerAt, request, streamed } from "./dialects.ts";
import { broken, brokenAfter, faultOf, type Mode, modes } from "./fault.ts";

const policies = { both: { targets: [{ model: "up/m-1" }, { model: "spare/m-1" }] } };
const asked = { ...request, model: "policies/both", view: CompletionView.FULL };

/** Answers every request of a connection. */
async function answerAll(connection: UpstreamConnection, dialect: Dialect): Promise<void> {
  for (;;) {
    const { body } = await connection.request();
    if (JSON.parse(body).stream === true) {
      await connection.respond(200, streamed(dialect, "Hel", "lo"), { "content-type": "text/event-stream" });
    } else await connection.respond(200, dialect.whole("Hello"));
  }
}

/** A gateway whose provider "up" lives at an address, beside a healthy provider "spare". */
async function beside(url: string, kind: string, timeouts: Readonly<Record<string, string>> = {}) {
  const spare = await ScriptedUpstream.start((connection) => answerAll(connection, chat));
  const providers = {
    ...providerAt(url, kind, { timeouts }),
    spare: { kind: chat.kind, baseUrl: `${spare.url}/v1` },
  };
  const gateway = await TestGateway.start({ providers, models: { policies } });
  return {
    gateway,
    spare,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await spare[Symbol.asyncDispose]();
    },
  };
}

/** What the client saw of one call through both providers. */
async function answerOf(gateway: TestGateway, mode: Mode) {
  if (mode === "unary") {
    const { message, routing } = await gateway.complete(asked);
    return { text: message?.content[0]?.part.value, routing };
  }
  const answer = await gateway.stream(asked);
  if (answer.error !== undefined) throw answer.error;
  const last = answer.events.at(-1)?.event;
  // One beginning: nothing of the attempt that failed was handed on.
  expect(answer.events.filter(({ event }) => event.case === "started").length).toBe(1);
  return { text: textOf(answer), routing: last?.case === "finished" ? last.value.routing : undefined };
}

/** The answer of the spare provider, after attempts at the other that failed for this reason. */
function spared(reason: string, failures = 1) {
  const failed = {
    model: "up/m-1",
    errorReason: reason,
    outcome: reason === "PROVIDER_TIMEOUT" ? expect.any(Number) : AttemptOutcome.FAILED,
  };
  return {
    text: "Hello",
    routing: {
      provider: "spare",
      model: "spare/m-1",
      policy: "policies/both",
      attemptCount: failures + 1,
      attempts: [...Array(failures).fill(failed), { model: "spare/m-1", outcome: AttemptOutcome.SUCCEEDED }],
    },
  };
}

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
  await using both = await beside(hole.url, chat.kind, { connect: "100ms" });
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
const short = { unary: { total: "100ms" }, stream: { firstOutput: "100ms" } };

/** What the provider does, the reason of the attempt, how often it is asked, and its time limits. */
type Fault = readonly [name: string, play: () => Script, reason: string, hits: number];

const slow: readonly Fault[] = [
  ["U3: no headers", () => async (connection) => void (await connection.request()), "PROVIDER_TIMEOUT", 1],
  [
    "U4: headers only",
    () => async (connection) => {
      await connection.request();
      await connection.head(200, { "content-type": "text/event-stream" });
    },
    "PROVIDER_TIMEOUT",
    1,
  ],
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
  ],
  ["U13: a page", () => page, "PROVIDER_BAD_RESPONSE", 1],
  ["U13: an empty answer", () => status(200), "PROVIDER_BAD_RESPONSE", 1],
  ["U13: 204", () => status(204), "PROVIDER_BAD_RESPONSE", 1],
  ["U15: 429", () => status(429, "rate_limit_error", { "retry-after": "2" }), "PROVIDER_RATE_LIMITED", 1],
  ["U16: 429 for ever", () => status(429, "rate_limit_error", { "retry-after": "1e9" }), "PROVIDER_RATE_LIMITED", 1],
  [
    "U16: 429 until a date",
    () => status(429, "rate_limit_error", { "retry-after": inHour() }),
    "PROVIDER_RATE_LIMITED",
    1,
  ],
  ["U16: 429 until before", () => status(429, "rate_limit_error", { "retry-after": "-1" }), "PROVIDER_RATE_LIMITED", 1],
  [
    "U16: 429 with garbage",
    () => status(429, "rate_limit_error", { "retry-after": "abc" }),
    "PROVIDER_RATE_LIMITED",
    1,
  ],
  ["U17: an account without credit", () => status(402, "billing"), "PROVIDER_QUOTA_EXHAUSTED", 1],
  ["U18: 500", () => status(500, "api_error"), "PROVIDER_UNAVAILABLE", 1],
  ["U18: 503", () => status(503, "overloaded_error"), "PROVIDER_OVERLOADED", 1],
  ["U18: 529", () => status(529, "overloaded"), "PROVIDER_OVERLOADED", 1],
  ["U19: 401", () => status(401, "authentication_error"), "PROVIDER_CREDENTIAL_INVALID", 1],
  ["U19: 403", () => status(403, "permission_error"), "PROVIDER_CREDENTIAL_INVALID", 1],
  ["U20: 404 of a model that the policy names", () => status(404, "not_found_error"), "MODEL_NOT_FOUND", 1],
];

for (const dialect of dialects) {
  for (const mode of modes) {
    test.each([...slow, ...failing])(
      `%s is not seen, ${dialect.kind}, ${mode}`,
      async (_name, play, reason, hits = 1) => {
        await using up = await ScriptedUpstream.start(play());
        await using both = await beside(up.url, dialect.kind, reason === "PROVIDER_TIMEOUT" ? short[mode] : {});
        expect(await answerOf(both.gateway, mode)).toMatchObject(spared(reason, hits));
        expect([up.requests.length, both.spare.requests.length]).toEqual([hits, 1]);
      },
    );

    test.each([400, 413, 422])(`U20: HTTP %i helps nobody elsewhere, ${dialect.kind}, ${mode}`, async (code) => {
      await using up = await ScriptedUpstream.start(status(code, "invalid_request_error"));
      await using both = await beside(up.url, dialect.kind);
      const { error } =
        mode === "unary" ? { error: await both.gateway.failure(asked) } : await both.gateway.stream(asked);
      expect(faultOf(error)).toMatchObject({ reason: "PROVIDER_INVALID_REQUEST", retry: false });
      expect([up.requests.length, both.spare.requests.length]).toEqual([1, 0]);
    });
  }

  test(`U14: an error behind 200 and a preamble is not seen, ${dialect.kind}`, async () => {
    await using up = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(dialect.preamble, dialect.overloaded);
    });
    await using both = await beside(up.url, dialect.kind);
    expect(await answerOf(both.gateway, "stream")).toMatchObject(spared("PROVIDER_OVERLOADED"));
    expect([up.requests.length, both.spare.requests.length]).toEqual([1, 1]);
  });

  test(`U8: after output nobody else is asked, ${dialect.kind}`, async () => {
    const heard = Promise.withResolvers<void>();
    await using up = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(dialect.preamble, dialect.text("Hel"));
      await heard.promise;
      connection.reset();
    });
    await using both = await beside(up.url, dialect.kind);
    const onEvent = ({ event }: { event: { case?: string | undefined } }) =>
      event.case === "partDelta" && heard.resolve();
    const answer = await both.gateway.stream(asked, { onEvent });
    expect(brokenAfter("Hel", answer)).toEqual(broken("reset"));
    expect([up.requests.length, both.spare.requests.length]).toEqual([1, 0]);
  });
}

const pem = (name: string) => readFileSync(join(import.meta.dirname, `../../support/certificates/${name}.pem`), "utf8");

test.each(modes)("U22: a certificate that is not trusted is not seen and not tried again, %s", async (mode) => {
  const tls: TlsOptions = { cert: pem("server"), key: pem("server.key") };
  await using up = await ScriptedUpstream.start(async (connection) => void (await connection.request()), tls);
  await using both = await beside(up.url, chat.kind);
  expect(await answerOf(both.gateway, mode)).toMatchObject(spared("PROVIDER_UNAVAILABLE"));
  expect([up.requests.length, both.spare.requests.length]).toEqual([0, 1]);
  expect(await both.gateway.metric("upstream_attempts_total", { outcome: "tls" })).toBe(1);
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

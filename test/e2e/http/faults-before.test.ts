import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { beside } from "../faults/beside.ts";
import { chat, type Dialect, messages, providerAt } from "../faults/dialects.ts";
import { type Mode, modes } from "../faults/fault.ts";
import { shortLimits, silences } from "../faults/silences.ts";
import { bytesOf, errorIn, post, readEvents, surfaces } from "./surface-call.ts";

type Play = (connection: UpstreamConnection, dialect: Dialect, mode: Mode) => unknown;

const events = { "content-type": "text/event-stream" };
const late = "PROVIDER_TIMEOUT";
const unreadable = "PROVIDER_BAD_RESPONSE";
const said = { type: "error", error: { type: "some_error", message: "canary-content" } };

/** Begins an answer of its kind, whose end is that of the connection. */
const ended = (stream: (dialect: Dialect) => string, whole: (dialect: Dialect) => string): Play => {
  return async (connection, dialect, mode) => {
    await connection.head(200, mode === "stream" ? events : { "content-type": "application/json" });
    await connection.write(mode === "stream" ? stream(dialect) : whole(dialect));
    connection.end();
  };
};
const refusal =
  (status: number, headers = {}): Play =>
  (connection) =>
    connection.respond(status, JSON.stringify(said), headers);

/** What the provider does before any output, and the reason that the caller is told. */
const faults: readonly (readonly [name: string, play: Play, reason: string])[] = [
  ...silences.map(([name, play]) => [name, play, late] as const),
  ["U7: a reset", (connection) => connection.reset(), "PROVIDER_UNAVAILABLE"],
  [
    "U9: the end in the midst",
    ended(
      ({ preamble }) => preamble,
      ({ whole }) => whole("Hello").slice(0, -20),
    ),
    unreadable,
  ],
  [
    "U11: JSON that is none",
    ended(
      ({ preamble }) => `${preamble}data: {"canary\n\n`,
      () => '{"canary',
    ),
    unreadable,
  ],
  ["U13: a page", (connection) => connection.respond(200, "<html>canary", { "content-type": "text/html" }), unreadable],
  ["U13: nothing", (connection, _, mode) => connection.respond(200, "", mode === "stream" ? events : {}), unreadable],
  ["U15: a limit of the rate", refusal(429, { "retry-after": "2" }), "PROVIDER_RATE_LIMITED"],
  ["U18: an overload", refusal(503), "PROVIDER_OVERLOADED"],
  ["U19: another credential is wanted", refusal(401), "PROVIDER_CREDENTIAL_INVALID"],
  ["U20: a refused request", refusal(400), "PROVIDER_INVALID_REQUEST"],
];
const overloadedFirst: Play = async (connection, { preamble, overloaded }) => {
  await connection.head(200, events);
  await connection.write(preamble, overloaded);
};
const streamOnly = [["U14: an error", overloadedFirst, "PROVIDER_OVERLOADED"]] as const;

/** An upstream that plays this after each request. */
function playing(dialect: Dialect, play: Play): Promise<ScriptedUpstream> {
  return ScriptedUpstream.start(async (connection) => {
    const { body } = await connection.request();
    await play(connection, dialect, JSON.parse(body).stream === true ? "stream" : "unary");
  });
}

/** One provider for each call of a test, so that none suffers for what another met. */
function providersAt(url: string, { kind }: Dialect, isLate: boolean) {
  const each = surfaces.flatMap((_, at) =>
    modes.map((mode) => [`${mode}-${at}`, isLate ? shortLimits[mode] : {}] as const),
  );
  return Object.fromEntries(each.map(([id, timeouts]) => [id, providerAt(url, kind, { timeouts }).up]));
}

/** Makes a call over each surface, and holds what it is told against the words of the surface. */
async function tellEach(gateway: TestGateway, mode: Mode, reason: string): Promise<void> {
  const told = surfaces.map(async (surface, at) => {
    const response = await post(gateway.url, surface, mode, { model: `${mode}-${at}/m-1` });
    const { status, ...error } = surface.errors[reason] ?? { status: 0 };
    expect([surface.name, response.status, errorIn(surface, await response.text())]).toEqual([
      surface.name,
      status,
      { ...error, reason },
    ]);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    if (reason === "PROVIDER_RATE_LIMITED") expect(response.headers.get("retry-after")).toBe("2");
  });
  await Promise.all(told);
}

for (const dialect of [chat, messages]) {
  test.each([...faults, ...streamOnly])(
    `%s before any output is a status, ${dialect.kind}`,
    async (name, play, reason) => {
      await using upstream = await playing(dialect, play);
      await using gateway = await TestGateway.start({ providers: providersAt(upstream.url, dialect, reason === late) });
      const asked = name.startsWith("U14") ? (["stream"] as const) : modes;
      await Promise.all(asked.map((mode) => tellEach(gateway, mode, reason)));
      const calls = asked.length * surfaces.length;
      expect(upstream.requests.length).toBe(calls);
      expect(await gateway.metric("calls_total")).toBe(calls);
      expect(await gateway.metric("calls_total", { code: "OK" })).toBe(0);
      expect(await gateway.metric("open_streams")).toBe(0);
      if (reason === late) await upstream.closed();
    },
  );
}

const avoided = [...faults, ...streamOnly].filter(([name]) => /^U(3|7|11|13: a page|14)\b/.test(name));

test.each(
  avoided.flatMap(([name, play, reason]) =>
    surfaces.map((surface) => [name, surface.name, play, reason, surface] as const),
  ),
)(
  "%s before any output is not seen over %s where another target answers",
  async (name, _surface, play, reason, surface) => {
    for (const mode of name.startsWith("U14") ? (["stream"] as const) : modes) {
      await using upstream = await playing(messages, play);
      await using both = await beside(upstream.url, messages.kind, {
        timeouts: reason === late ? shortLimits[mode] : {},
      });
      const response = await post(both.gateway.url, surface, mode, { model: "policies/both" });
      expect(response.status).toBe(200);
      if (mode === "unary") {
        expect(surface.whole((await response.json()) as never)).toBe("Hello");
        expect(response.headers.get("x-llmhub-provider")).toBe("spare");
      } else {
        const { text, events } = await readEvents(bytesOf(response), surface);
        expect([text, events.some(surface.isEnd)]).toEqual(["Hello", true]);
      }
      expect(both.spare.requests.length).toBe(1);
    }
  },
);

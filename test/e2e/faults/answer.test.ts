import { createGzip, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, type Dialect, dialects, providerAt, request, streamed, twoCalls } from "./dialects.ts";
import { before, broken, brokenAfter, type Fault, faultIn, faultOf, type Mode, modes, unreadable } from "./fault.ts";

const sse = { "content-type": "text/event-stream" };

/** A gateway before an upstream that plays the same on each connection. */
async function stage(dialect: Dialect, play: Script, models = {}) {
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await play(connection);
  });
  const gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind), models });
  return {
    upstream,
    gateway,
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

/** A body without a length, which ends in order with its connection. */
async function untilEnd(connection: UpstreamConnection, type: string, ...pieces: string[]): Promise<void> {
  await connection.head(200, { "content-type": type });
  await connection.write(...pieces);
  connection.end();
}

for (const dialect of dialects) {
  const { kind, preamble, text, finish, done, whole, overloaded } = dialect;

  test.each([
    ["after the preamble", [preamble], unreadable("truncated")],
    ["within an event", [preamble, text("Hello").slice(0, -9)], unreadable("truncated")],
  ] as const)(`U9: a stream that ends in order before any output, %s, ${kind}`, async (_name, pieces, fault) => {
    await using at = await stage(dialect, (connection) => untilEnd(connection, "text/event-stream", ...pieces));
    expect(await faultIn(at.gateway, "stream")).toEqual(fault);
    expect(at.upstream.requests.length).toBe(1);
    expect(await at.gateway.metric("upstream_attempts_total", { outcome: "truncated" })).toBe(1);
    expect(await at.gateway.metric("upstream_unreadable_total")).toBe(1);
  });

  test.each([
    ["between events", ""],
    ["within an event", text("more").slice(0, -9)],
    ["without the blank line after the last event", done.slice(0, -2)],
  ])(`U9: a stream that ends in order after output, %s, ${kind}`, async (_name, rest) => {
    await using at = await stage(dialect, (connection) =>
      untilEnd(connection, "text/event-stream", preamble, text("Hel"), text("lo"), rest),
    );
    expect(brokenAfter("Hello", await at.gateway.stream(request))).toEqual(broken("truncated"));
    expect(at.upstream.requests.length).toBe(1);
    expect(await at.gateway.metric("broken_streams_total", { reason: "STREAM_INTERRUPTED" })).toBe(1);
    expect(await at.gateway.metric("upstream_attempts_total", { outcome: "truncated" })).toBe(1);
  });

  test(`U9: a chunked stream whose last chunk never comes, ${kind}`, async () => {
    await using at = await stage(dialect, async (connection) => {
      await connection.beginEvents();
      await connection.chunk(preamble, text("Hello"));
      connection.end();
    });
    expect(brokenAfter("Hello", await at.gateway.stream(request))).toEqual(broken("reset"));
  });

  test(`U9: a whole answer that ends in order in its middle, ${kind}`, async () => {
    await using at = await stage(dialect, (connection) =>
      untilEnd(connection, "application/json", whole("Hello").slice(0, -20)),
    );
    expect(await faultIn(at.gateway, "unary")).toEqual(unreadable("bad_json"));
  });

  test(`U10: the terminal marker is missing after the finish reason, ${kind}`, async () => {
    await using at = await stage(dialect, (connection) =>
      untilEnd(connection, "text/event-stream", preamble, text("Hello"), finish),
    );
    const answer = await at.gateway.stream(request);
    expect(answer.error).toBeUndefined();
    expect(textOf(answer)).toBe("Hello");
    expect(answer.events.at(-1)?.event.case).toBe("finished");
    expect(await at.gateway.metric("upstream_attempts_total", { provider: "up", outcome: "ok" })).toBe(1);
    // Gemini has no marker after its reason.
    expect(await at.gateway.metric("upstream_unmarked_total", { provider: "up" })).toBe(done === "" ? 0 : 1);
  });

  test(`U10: an answer with its terminal marker has none missing, ${kind}`, async () => {
    await using at = await stage(dialect, (connection) =>
      untilEnd(connection, "text/event-stream", streamed(dialect, "Hello")),
    );
    expect(textOf(await at.gateway.stream(request))).toBe("Hello");
    expect(await at.gateway.metric("upstream_unmarked_total")).toBe(0);
  });

  test(`U11: JSON that is none, ${kind}`, async () => {
    const bad = 'data: {"choices":[{"delta":{"content":"canary\n\n';
    await using pre = await stage(dialect, (connection) => untilEnd(connection, "text/event-stream", preamble, bad));
    expect(await faultIn(pre.gateway, "stream")).toEqual(unreadable("bad_json"));
    await using mid = await stage(dialect, async (connection) => {
      await connection.head(200, sse);
      await connection.write(preamble, text("Hello"), bad);
    });
    const fault = brokenAfter("Hello", await mid.gateway.stream(request));
    expect(fault).toEqual(unreadable("bad_json", { outputStarted: true, retry: false }));
    await mid.upstream.closed();
    expect(await mid.gateway.metric("broken_streams_total", { reason: "PROVIDER_BAD_RESPONSE" })).toBe(1);
    expect(await mid.gateway.metric("upstream_unreadable_total")).toBe(1);
  });

  const pages: readonly [string, Mode, Script, Fault][] = [
    ["a web page", "unary", (c) => c.respond(200, "<html>canary", { "content-type": "text/html" }), unreadable("html")],
    [
      "a web page",
      "stream",
      (c) => c.respond(200, "<html>canary", { "content-type": "text/html" }),
      unreadable("html"),
    ],
    ["a web page without its type", "unary", (c) => c.respond(200, "<html>canary"), unreadable("bad_json")],
    ["a web page as a stream", "stream", (c) => c.respond(200, "<html>canary", sse), unreadable("not_sse")],
    ["nothing", "unary", (c) => c.respond(200), unreadable("empty")],
    ["nothing", "stream", (c) => c.respond(200, "", sse), unreadable("empty")],
    ["204", "unary", (c) => c.head(204), unreadable("empty")],
    ["204", "stream", (c) => c.head(204), unreadable("empty")],
    ["a whole answer for a stream", "stream", (c) => c.respond(200, whole("canary")), unreadable("not_sse")],
    ["JSON of another kind", "unary", (c) => c.respond(200, '{"hello":"canary"}'), unreadable(expect.any(String))],
    ["a list", "unary", (c) => c.respond(200, "[]"), unreadable("bad_json")],
  ];
  test.each(pages)(`U13: 200 and %s, %s, ${kind}`, async (_name, mode, play, fault) => {
    await using at = await stage(dialect, play);
    expect(await faultIn(at.gateway, mode)).toEqual(fault);
    expect(at.upstream.requests.length).toBe(1);
    expect(await at.gateway.metric("upstream_unreadable_total", { provider: "up" })).toBe(1);
  });

  test.each(modes)(`U13: fewer bytes than announced, ${kind}, %s`, async (mode) => {
    const body = mode === "unary" ? whole("Hello") : streamed(dialect, "Hello");
    const short = mode === "unary" ? body.slice(0, -5) : preamble;
    await using at = await stage(
      dialect,
      async (connection) => {
        await connection.head(200, { ...(mode === "stream" ? sse : {}), "content-length": String(body.length) });
        await connection.write(short);
        connection.end();
      },
      twoCalls,
    );
    const reason = "PROVIDER_UNAVAILABLE";
    expect(await faultIn(at.gateway, mode)).toEqual(
      before("Unavailable", reason, { cause: "reset", attempts: [reason, reason], usage: "estimated" }),
    );
  });

  test(`U13: more bytes than announced, ${kind}`, async () => {
    const body = whole("Hello");
    await using at = await stage(dialect, async (connection) => {
      await connection.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length - 5}\r\n\r\n${body}`);
    });
    expect(await faultIn(at.gateway, "unary")).toEqual(unreadable("bad_json"));
    await at.upstream.closed();
  });

  test(`U14: an error as the first event is a failure before output, ${kind}`, async () => {
    await using at = await stage(dialect, async (connection) => {
      await connection.beginEvents();
      await connection.chunk(preamble, overloaded);
    });
    const fault = before("Unavailable", "PROVIDER_OVERLOADED", { usage: "estimated" });
    expect(await faultIn(at.gateway, "stream")).toEqual(fault);
    await at.upstream.closed();
    expect(at.upstream.requests.length).toBe(1);
  });

  test(`U14: an error after output breaks the stream, ${kind}`, async () => {
    await using at = await stage(dialect, async (connection) => {
      await connection.beginEvents();
      await connection.chunk(preamble, text("Hello"), overloaded);
    });
    expect(brokenAfter("Hello", await at.gateway.stream(request))).toEqual(broken("provider_overloaded"));
    await at.upstream.closed();
  });

  test.each(modes)(`a compressed answer is read, ${kind}, %s`, async (mode) => {
    const body = mode === "unary" ? whole("Hello") : streamed(dialect, "Hel", "lo");
    const headers = { "content-encoding": "gzip", ...(mode === "stream" ? sse : {}) };
    await using at = await stage(dialect, (connection) => connection.respond(200, gzipSync(body), headers));
    if (mode === "stream") expect(textOf(await at.gateway.stream(request))).toBe("Hello");
    else expect((await at.gateway.complete(request)).message?.content[0]?.part.value).toBe("Hello");
  });
}

test("U9: lines of JSON that end in order without the last one, ollama", async () => {
  const line = (rest: object) => `${JSON.stringify({ model: "m-1", ...rest })}\n`;
  const said = line({ message: { role: "assistant", content: "Hello" }, done: false });
  const upstream = { ...chat, kind: "ollama" };
  await using at = await stage(upstream, (connection) => untilEnd(connection, "application/x-ndjson", said));
  expect(brokenAfter("Hello", await at.gateway.stream(request))).toEqual(broken("truncated"));
  await using pre = await stage(upstream, (connection) => untilEnd(connection, "application/x-ndjson", line({})));
  expect(await faultIn(pre.gateway, "stream")).toEqual(unreadable("truncated"));
});

test.each([
  ["garbage in place of a chunk length", async (c: UpstreamConnection) => void (await c.write("zz\r\n")), "garbage"],
  [
    "a damaged compressed body",
    async (c: UpstreamConnection) => void (await c.write("3\r\nabc\r\n")),
    "content_encoding",
  ],
])("an answer in %s", async (_name, play, cause) => {
  await using at = await stage(chat, async (connection) => {
    await connection.beginEvents(cause === "garbage" ? {} : { "content-encoding": "gzip" });
    await play(connection);
  });
  expect(faultOf((await at.gateway.stream(request)).error)).toEqual(unreadable(cause));
  await at.upstream.closed();
});

test("a compressed stream is read as it comes", async () => {
  const heard = Promise.withResolvers<void>();
  await using at = await stage(chat, async (connection) => {
    await connection.beginEvents({ "content-encoding": "gzip" });
    const gzip = createGzip().on("data", (bytes: Buffer) => void connection.chunk(bytes));
    gzip.on("end", () => void connection.lastChunk());
    gzip.write(chat.preamble + chat.text("Hel"));
    gzip.flush();
    await heard.promise;
    gzip.end(chat.text("lo") + chat.finish + chat.done);
  });
  const answer = await at.gateway.stream(request, { onEvent: () => heard.resolve() });
  expect(answer.error).toBeUndefined();
  expect(textOf(answer)).toBe("Hello");
});

test("early hints are neither an answer nor a refusal: a connection that breaks after them is tried anew", async () => {
  await using at = await stage(
    chat,
    async (connection) => {
      await connection.write("HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
      if (at.upstream.requests.length === 1) connection.reset();
      else await connection.respond(200, chat.whole("hello"));
    },
    twoCalls,
  );
  const { message } = await at.gateway.complete(request);
  expect(message?.content[0]?.part.value).toBe("hello");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt, request } from "./dialects.ts";

/** Text whose bytes are easy to break: two, three and four byte characters, line ends, quotes. */
const said = ["Grüße ", "€", "😀 ", 'a "quoted"\r\nline', "\u2028\u0000", "終"];

/** Valid ways to write the same events. */
const variants: Readonly<Record<string, (stream: string) => string>> = {
  plain: (stream) => stream,
  "a byte order mark": (stream) => `\ufeff${stream}`,
  "CR LF": (stream) => stream.replaceAll("\n", "\r\n"),
  CR: (stream) => stream.replaceAll("\n", "\r"),
  "line ends of all kinds": (stream) => {
    let line = 0;
    // A bare CR before a LF would be one line end, so kinds change only after a whole event.
    return stream.replace(/\n\n/g, () => ["\n\n", "\r\n\r\n", "\r\r"][line++ % 3] ?? "");
  },
  "no space after the colon": (stream) => stream.replaceAll("data: ", "data:"),
  "ids, retries, comments and unknown fields": (stream) =>
    stream.replaceAll("data: ", ": ping\nid: 7\nretry: 10\nfoo: bar\nnocolon\ndata: "),
  "events of unknown kinds": (stream) => `event: hello\ndata: {"type":"hello"}\n\n:\n\n\n${stream}`,
  "data on several lines": (stream) => stream.replace(/^data: \{(.*)\}$/gm, "data: {\ndata: $1\ndata: }"),
};

for (const dialect of dialects) {
  const events = dialect.preamble + said.map(dialect.text).join("") + dialect.finish + dialect.done;

  test.each(Object.keys(variants))(`U11: %s, byte by byte, ${dialect.kind}`, async (name) => {
    const bytes = Buffer.from(variants[name]?.(events) ?? "");
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      await connection.request();
      await connection.head(200, { "content-type": "text/event-stream" });
      await connection.write(...Array.from(bytes, (byte) => Buffer.of(byte)));
      connection.end();
    });
    await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, dialect.kind) });
    const answer = await gateway.stream(request);
    expect(answer.error).toBeUndefined();
    expect(textOf(answer)).toBe(said.join(""));
  });
}

test("U11: the text does not depend on where the bytes are cut", async () => {
  let pieces: Buffer[] = [];
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.beginEvents();
      await connection.chunk(...pieces);
      await connection.lastChunk();
    }
  });
  const providers = Object.assign(
    {},
    ...dialects.map(({ kind }) => ({ [kind]: { kind, baseUrl: upstream.url, apiKey: "sk-x" } })),
  );
  await using gateway = await TestGateway.start({ providers });
  const stream = fc.record({
    dialect: fc.constantFrom(...dialects),
    variant: fc.constantFrom(...Object.values(variants)),
    texts: fc.array(fc.string({ unit: "binary", minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
    cuts: fc.array(fc.nat(4000), { maxLength: 12 }),
  });
  await fc.assert(
    fc.asyncProperty(stream, async ({ dialect, variant, texts, cuts }) => {
      const { preamble, text, finish, done, kind } = dialect;
      const bytes = Buffer.from(variant(preamble + texts.map(text).join("") + finish + done));
      const ends = [...new Set(cuts.map((cut) => cut % bytes.length)), bytes.length].sort((a, b) => a - b);
      pieces = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter((piece) => piece.length > 0);
      const answer = await gateway.stream({ ...request, model: `${kind}/m-1` });
      expect(answer.error).toBeUndefined();
      expect(textOf(answer)).toBe(texts.join(""));
    }),
    { seed: 20_251_121, numRuns: 60 },
  );
}, 60_000);

test("U11: half a character of two providers' chunks is no character", async () => {
  // An emoji cut between JSON events, as providers do: each half is an escape of its own.
  const half = (escaped: string) => `data: {"choices":[{"delta":{"content":"${escaped}"}}]}\n\n`;
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(half("\\ud83d"), half("\\ude00"), chat.finish, chat.done);
    await connection.lastChunk();
  });
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, chat.kind) });
  expect(textOf(await gateway.stream(request))).toBe("😀");
});

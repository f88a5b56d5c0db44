import { type Script, ScriptedUpstream, trickle, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import type { Dialect } from "./dialects.ts";
import { broken, type Fault, unreadable } from "./fault.ts";

/** What the provider does once the caller has read the text, and how the stream ends. */
type Break = readonly [
  name: string,
  play: (connection: UpstreamConnection, dialect: Dialect) => unknown,
  fault: Fault,
  outcome: string,
];

/** Ways to break off after output. */
export const breaks: readonly Break[] = [
  ["U5: silence", () => undefined, broken("stalled"), "stalled"],
  ["U6: comments for ever", (connection) => trickle(connection, "6\r\n: on\n\n\r\n"), broken("stalled"), "stalled"],
  ["U8: a reset", (connection) => connection.reset(), broken("reset"), "reset"],
  [
    "U9: a clean end",
    (connection) => connection.lastChunk().then(() => connection.end()),
    broken("truncated"),
    "truncated",
  ],
  [
    "U11: JSON that is none",
    (connection) => connection.chunk('data: {"cho\n\n'),
    unreadable("bad_json", { outputStarted: true, retry: false }),
    "bad_json",
  ],
  [
    "U12: a line without an end",
    (connection) => connection.chunk(`data: ${"a".repeat(1.1 * 1024 * 1024)}`),
    unreadable("stream_limit", { outputStarted: true, retry: false }),
    "stream_limit",
  ],
  [
    "U14: an error",
    (connection, { overloaded }) => connection.chunk(overloaded),
    broken("provider_overloaded"),
    "provider_overloaded",
  ],
];

/** A stream that says "Hello" and then does this, once the caller has read it. */
export async function saying(dialect: Dialect, play: Break[1]) {
  const heard = { text: Promise.withResolvers<void>() };
  const script: Script = async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(dialect.preamble, dialect.text("Hel"), dialect.text("lo"));
    await heard.text.promise;
    await play(connection, dialect);
  };
  return { upstream: await ScriptedUpstream.start(script), heard };
}

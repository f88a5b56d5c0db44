import { ScriptedUpstream, within } from "../../support/scripted-upstream.ts";
import type { Dialect } from "./dialects.ts";

/** Letters in each piece of text. */
export const pieceChars = 16 * 1024;
/** Pieces of text in the answer. */
export const pieces = 2000;

/** The piece of this number: its number, then filling. */
export const textOf = (number: number) => `${number}:`.padEnd(pieceChars, "x");

/** An upstream that sends 31 MiB as fast as it can, and tells when that comes to a stop. */
export async function startPushing(dialect: Dialect) {
  const state = { bytes: 0 };
  const stalled = Promise.withResolvers<number>();
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(dialect.preamble);
    for (let number = 0; number < pieces; number++) {
      const sent = connection.write(dialect.text(textOf(number)));
      await within(sent, 200).catch(() => stalled.resolve(state.bytes));
      if (!(await sent)) return;
      state.bytes += pieceChars;
    }
    stalled.resolve(state.bytes);
    await connection.write(dialect.finish, dialect.done);
    connection.end();
  });
  return { upstream, stalled: stalled.promise };
}

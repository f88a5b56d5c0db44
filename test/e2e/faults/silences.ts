import { trickle, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import type { Dialect } from "./dialects.ts";
import type { Mode } from "./fault.ts";

/** Limits that silence exceeds: a whole answer has as much time for its first output as for its end. */
export const shortLimits: Readonly<Record<Mode, Record<string, string>>> = {
  unary: { total: "100ms" },
  stream: { firstOutput: "100ms" },
};

/** Ways to say nothing before any output, once the request has come. */
export const silences: readonly [string, (connection: UpstreamConnection, dialect: Dialect) => Promise<unknown>][] = [
  ["U3: no headers", async () => undefined],
  ["U4: headers only", async (connection) => connection.head(200, { "content-type": "text/event-stream" })],
  [
    "U4: headers and preamble",
    async (connection, { preamble }) => {
      await connection.head(200, { "content-type": "text/event-stream" });
      await connection.write(preamble);
    },
  ],
  [
    "U6: comments for ever",
    async (connection, { preamble }) => {
      await connection.head(200, { "content-type": "text/event-stream" });
      await connection.write(preamble);
      await trickle(connection, ": keep-alive\n\n");
    },
  ],
  [
    "U6: one byte at a time",
    async (connection) => {
      await connection.head(200, { "content-type": "text/event-stream" });
      await trickle(connection, "d");
    },
  ],
  [
    "U6: headers one byte at a time",
    async (connection) => {
      await connection.write("HTTP/1.1 200 OK\r\nx: ");
      await trickle(connection, "y");
    },
  ],
];

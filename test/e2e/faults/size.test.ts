import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { TestGateway } from "../../support/gateway.ts";
import { type Script, ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, dialects, providerAt } from "./dialects.ts";
import { type Fault, faultIn, modes, unreadable } from "./fault.ts";

const mib = 1024 * 1024;

/** Writes the piece again and again until the connection is gone or that many bytes are out; gives the bytes. */
async function pour(connection: UpstreamConnection, piece: Buffer, bytesMax: number): Promise<number> {
  let bytes = 0;
  while (bytes < bytesMax && (await connection.write(piece))) bytes += piece.length;
  return bytes;
}

/** Plays a flood, and gives what was written before the gateway cut it and how the call failed. */
async function flood(
  kind: string,
  mode: "unary" | "stream",
  play: (connection: UpstreamConnection) => Promise<number>,
) {
  let written = 0;
  const done = Promise.withResolvers<void>();
  const script: Script = async (connection) => {
    await connection.request();
    written = await play(connection);
    done.resolve();
  };
  await using upstream = await ScriptedUpstream.start(script);
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, kind) });
  const before = process.memoryUsage.rss();
  const fault: Fault = await faultIn(gateway, mode);
  const grown = process.memoryUsage.rss() - before;
  await upstream.closed();
  await done.promise;
  expect(upstream.requests.length).toBe(1);
  expect(await gateway.metric("upstream_unreadable_total")).toBe(1);
  return { written, grown, fault };
}

const sse = { "content-type": "text/event-stream" };

test.each(dialects)("U12: a line without an end is cut at its limit, $kind", async ({ kind }) => {
  const { written, grown, fault } = await flood(kind, "stream", async (connection) => {
    await connection.head(200, sse);
    await connection.write("data: ");
    return pour(connection, Buffer.alloc(64 * 1024, "a"), 100 * mib);
  });
  expect(fault).toEqual(unreadable("stream_limit"));
  expect(written).toBeLessThan(8 * mib);
  expect(grown).toBeLessThan(96 * mib);
});

test("U12: lines without an event are cut at their limit", async () => {
  const { written, fault } = await flood(chat.kind, "stream", async (connection) => {
    await connection.head(200, sse);
    return pour(connection, Buffer.alloc(16 * 1024, "\n\n"), 2 * mib);
  });
  expect(fault).toEqual(unreadable("stream_limit"));
  expect(written).toBeLessThan(mib);
});

test("U12: an event of many lines is cut at its limit", async () => {
  const { written, fault } = await flood(chat.kind, "stream", async (connection) => {
    await connection.head(200, sse);
    return pour(connection, Buffer.from(`data: ${"a".repeat(100_000)}\n`), 64 * mib);
  });
  expect(fault).toEqual(unreadable("stream_limit"));
  expect(written).toBeLessThan(16 * mib);
});

test.each(modes)("U12: a body without an end is cut at its limit, %s", async (mode) => {
  const comments = Buffer.from(`${`: ${"a".repeat(60_000)}\n`.repeat(4)}data: {}\n\n`);
  const { written, grown, fault } = await flood(chat.kind, mode, async (connection) => {
    await connection.head(200, mode === "stream" ? sse : {});
    return pour(connection, mode === "stream" ? comments : Buffer.alloc(256 * 1024, " "), 100 * mib);
  });
  expect(fault).toEqual(unreadable("too_large"));
  expect(written).toBeLessThan(80 * mib);
  expect(grown).toBeLessThan(160 * mib);
});

test.each(modes)("U12: a decompression bomb is cut at the limit of plain bytes, %s", async (mode) => {
  const bomb = gzipSync(Buffer.alloc(100 * mib, mode === "stream" ? "a" : " "), { level: 1 });
  const { grown, fault } = await flood(chat.kind, mode, async (connection) => {
    await connection.head(200, { ...sse, "content-encoding": "gzip" });
    await connection.write(...Array.from({ length: 16 }, (_, i) => slice(bomb, i, 16)));
    await connection.closed;
    return bomb.length;
  });
  expect(fault).toEqual(unreadable(mode === "stream" ? "stream_limit" : "too_large"));
  expect(grown).toBeLessThan(160 * mib);
});

test.each([
  ["twenty content codings", Array(20).fill("gzip").join(", ")],
  ["three content codings", "gzip, br, gzip"],
  ["an unknown content coding", "zstd-2"],
])("U12: %s", async (_name, coding) => {
  const { fault } = await flood(chat.kind, "stream", async (connection) => {
    await connection.head(200, { ...sse, "content-encoding": coding });
    await connection.closed;
    return 0;
  });
  expect(fault).toEqual(unreadable("content_encoding"));
});

test("U12: headers are cut at their limit", async () => {
  const { written, fault } = await flood(chat.kind, "unary", async (connection) => {
    await connection.write("HTTP/1.1 200 OK\r\n");
    return pour(connection, Buffer.from(`x-filler: ${"a".repeat(8000)}\r\n`), 8 * mib);
  });
  expect(fault).toEqual(unreadable("garbage"));
  expect(written).toBeLessThan(mib);
});

function slice(bytes: Buffer, part: number, parts: number): Buffer {
  const size = Math.ceil(bytes.length / parts);
  return bytes.subarray(part * size, (part + 1) * size);
}

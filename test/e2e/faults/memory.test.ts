import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../../support/scripted-upstream.ts";
import { chat, providerAt, request, streamed } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

const mib = 1024 * 1024;
const sse = { "content-type": "text/event-stream" };

/** Memory of a process in MiB, as the system counts it: now, or at most since it was last forgotten. */
async function memoryOf(pid: number, what: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
}

/** Sends the piece until the connection is gone, or 100 MiB are out. */
async function pour(connection: UpstreamConnection, piece: Buffer): Promise<void> {
  for (let bytes = 0; bytes < 100 * mib && (await connection.write(piece)); bytes += piece.length);
}

/** A process starts, and 100 MiB are read. */
const processMs = 60_000;

type Flood = (connection: UpstreamConnection) => Promise<void>;

const bomb = gzipSync(Buffer.alloc(100 * mib, "a"), { level: 1 });

const floods: readonly [string, Flood, "Complete"?][] = [
  [
    "a whole answer without an end, beside the 64 MiB that one may have,",
    async (connection) => {
      await connection.head(200);
      await pour(connection, Buffer.alloc(256 * 1024, " "));
    },
    "Complete",
  ],
  [
    "a line without an end",
    async (connection) => {
      await connection.head(200, sse);
      await connection.write("data: ");
      await pour(connection, Buffer.alloc(64 * 1024, "a"));
    },
  ],
  [
    "a million empty events",
    async (connection) => {
      await connection.head(200, sse);
      await pour(connection, Buffer.from("data:\n\n".repeat(10_000)));
    },
  ],
  [
    "blank lines",
    async (connection) => {
      await connection.head(200, sse);
      await pour(connection, Buffer.alloc(16 * 1024, "\n"));
    },
  ],
  [
    "a decompression bomb",
    async (connection) => {
      await connection.head(200, { ...sse, "content-encoding": "gzip" });
      await connection.write(bomb);
    },
  ],
  [
    "twenty content codings",
    async (connection) => {
      await connection.head(200, { ...sse, "content-encoding": Array(20).fill("gzip").join(", ") });
      await pour(connection, bomb);
    },
  ],
  [
    "headers without an end",
    async (connection) => {
      await connection.write("HTTP/1.1 200 OK\r\n");
      await pour(connection, Buffer.from(`x-filler: ${"a".repeat(8000)}\r\n`));
    },
  ],
];

test.skipIf(process.platform !== "linux").each(floods)(
  "U12: %s costs the process no more than 32 MiB",
  async (...row) => {
    const [, play, method = "StreamComplete"] = row;
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      const { body } = await connection.request();
      if (body.includes("flood")) return play(connection);
      if (body.includes('"stream":true')) await connection.respond(200, streamed(chat, "Hello"), sse);
      else await connection.respond(200, chat.whole("Hello"));
      connection.end();
    });
    await using gateway = await GatewayProcess.start({
      providers: providerAt(upstream.url, chat.kind),
      models: { retry: { maxAttempts: 1 } },
      health: { breakers: false },
    });
    const { pid } = gateway.program;
    const statusOf = async (input: string) => {
      using call = new RawCall(gateway.url, method, { ...request, input });
      return (await call.status())["grpc-status"];
    };
    // The first calls make the process larger for good.
    for (let i = 0; i < 3; i++) expect(await statusOf("hello")).toBe("0");
    const before = await memoryOf(pid, "VmRSS");
    await writeFile(`/proc/${pid}/clear_refs`, "5");
    expect(await statusOf("flood")).toBe("13");
    const peak = await memoryOf(pid, "VmHWM");
    expect(peak - before).toBeLessThan(method === "Complete" ? 64 + 32 : 32);
    await upstream.closed(5000);
    expect(upstream.requests.length).toBe(4);
    expect(await gateway.metric("upstream_unreadable_total", { provider: "up" })).toBe(1);
  },
  processMs,
);

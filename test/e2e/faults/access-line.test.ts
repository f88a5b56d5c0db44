import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { freshBundle } from "../../../build/bundle.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { chat, providerAt, providerKey, request } from "./dialects.ts";
import { RawCall } from "./raw-call.ts";

const main = await freshBundle();

type Line = Readonly<Record<string, unknown>>;

/** The gateway as a process of its own, whose log is read line by line. */
async function startProcess(config: object) {
  const directory = await mkdtemp(join(tmpdir(), "llmhub-line-"));
  const path = join(directory, "llmhub.yaml");
  await writeFile(path, JSON.stringify(config));
  const child = spawn(process.execPath, [main, "serve", "--config", path], { stdio: ["ignore", "pipe", "ignore"] });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const all: string[] = [];
  return {
    all,
    child,
    exited,
    /** The next line with this message. */
    line: async (message: string): Promise<Line> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done === true) throw new Error(`the log ended: ${all.join("\n")}`);
        all.push(value);
        const line = JSON.parse(value) as Line;
        if (line["message"] === message || line["msg"] === message) return line;
      }
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

test("S11: a stream that its caller left, and one that broke, have a line with an estimated usage each", async () => {
  await using upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.head(200, { "content-type": "text/event-stream" });
    await connection.write(chat.preamble, chat.text("canary-output"));
    if (upstream.requests.length > 1) connection.end();
  });
  await using gateway = await startProcess({
    auth: { mode: "off" },
    log: { level: "info", format: "json" },
    server: { listen: "127.0.0.1:0", opsListen: "127.0.0.1:0" },
    providers: providerAt(upstream.url, chat.kind),
  });
  const { address } = await gateway.line("serving calls");
  // To stop reading resets the stream. Its connection lives: a caller whose connection breaks may come back.
  using cancelled = new RawCall(`http://${address}`, "StreamComplete", { ...request, input: "canary-input" });
  for await (const { event } of cancelled.events()) if (event.case === "partDelta") break;
  const facts = { provider: "up", model: "up/m-1", attempts: 1, usageEstimated: true };
  const left = await gateway.line("call");
  expect(left).toMatchObject({ ...facts, outcome: "abandoned", code: "CANCELLED" });
  expect(left["inputTokens"]).toBeGreaterThan(0);
  expect(left["outputTokens"]).toBeGreaterThan(0);

  using call = new RawCall(`http://${address}`, "StreamComplete", { ...request, input: "canary-input" });
  expect((await call.status())["grpc-status"]).toBe("14");
  const broken = await gateway.line("call");
  expect(broken).toMatchObject({ ...facts, outcome: "failed", code: "UNAVAILABLE", reason: "STREAM_INTERRUPTED" });
  gateway.child.kill("SIGTERM");
  expect(await gateway.exited).toBe(0);
  const log = gateway.all.join("\n");
  expect(log).not.toContain("canary");
  expect(log).not.toContain(providerKey);
});

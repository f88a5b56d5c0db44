import { spawn } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

/** What the fake program does, one after the other. Tests write a list of these as the prompt. */
export type Step =
  /** Text on the output, or on the error output, as it is. */
  | { readonly print: string }
  | { readonly complain: string }
  /** A line with an event of the Messages API in it. */
  | { readonly event: object }
  /** The lines of a run up to its result. */
  | { readonly answer: string; readonly stopReason?: string }
  /** The last line. */
  | { readonly result: object }
  /** An answer that tells how the program was started. */
  | { readonly report: true }
  /** Holds a connection to this port of the test until the process, or a child of it, is gone. */
  | { readonly call: number }
  | { readonly bear: number }
  /** SIGTERM is ignored from here on. */
  | { readonly deaf: true }
  /** Text on the output, over and over. */
  | { readonly pour: string }
  | { readonly hang: true }
  | { readonly exit: number };

/** How the program was started, as it tells. */
export interface Report {
  readonly commandLine: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Names and permissions. */
  readonly files: readonly string[];
  readonly system: string;
  readonly input: string;
}

const session = { session_id: "0b7f", parent_tool_use_id: null };

function line(value: object): string {
  return `${JSON.stringify({ ...value, ...session })}\n`;
}

/** The lines that Claude Code 2.1 prints around and within one message, shortened. */
function answerLines(said: string, stopReason: string): string {
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-haiku-4-5-20251001", content: [] };
  const usage = { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 4, output_tokens: 1 };
  const events = [
    { type: "message_start", message: { ...message, usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: said } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: stopReason, stop_sequence: null }, usage: { output_tokens: 7 } },
    { type: "message_stop" },
  ];
  const [begin, ...rest] = events.map((event) => line({ type: "stream_event", event }));
  const init = line({ type: "system", subtype: "init", tools: [], model: "claude-haiku-4-5" });
  const status = line({ type: "system", subtype: "status", status: "requesting" });
  const whole = line({ type: "assistant", message: { ...message, content: [{ type: "text", text: said }] } });
  return [init, status, begin, ...rest.slice(0, 2), whole, ...rest.slice(2)].join("");
}

function resultLine(rest: object): string {
  const usage = { input_tokens: 10, cache_read_input_tokens: 4, output_tokens: 7, service_tier: "standard" };
  const common = { type: "result", subtype: "success", is_error: false, num_turns: 1, total_cost_usd: 0.0125, usage };
  return line({ ...common, api_error_status: null, terminal_reason: "completed", ...rest });
}

function report(input: string): Report {
  return {
    commandLine: readFileSync("/proc/self/cmdline", "utf8"),
    environment: Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? ""])),
    directory: process.cwd(),
    files: readdirSync(".").map((name) => `${name} ${(statSync(name).mode & 0o777).toString(8)}`),
    system: readFileSync("system.txt", "utf8"),
    input,
  };
}

function hold(port: number): Promise<void> {
  return new Promise((resolve) => {
    // A test that failed takes its processes with it.
    connect(port, "127.0.0.1", resolve).on("close", () => process.exit());
  });
}

/** Says it, and waits until somebody has taken it. */
function print(said: string): Promise<void> {
  return new Promise((resolve) => process.stdout.write(said, () => resolve()));
}

async function take(step: Step, input: string): Promise<void> {
  if ("print" in step) await print(step.print);
  else if ("complain" in step) process.stderr.write(step.complain);
  else if ("event" in step) await print(line({ type: "stream_event", event: step.event }));
  else if ("answer" in step) await print(answerLines(step.answer, step.stopReason ?? "end_turn"));
  else if ("result" in step) await print(resultLine(step.result));
  else if ("report" in step) await print(answerLines(JSON.stringify(report(input)), "end_turn"));
  else if ("call" in step) await hold(step.call);
  else if ("bear" in step) {
    const child = `require("node:net").connect(${step.bear}, "127.0.0.1", () => console.log("up")).resume()`;
    const { stdout } = spawn(process.execPath, ["-e", child], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => stdout.once("data", resolve));
  } else if ("deaf" in step) process.on("SIGTERM", () => undefined);
  else if ("pour" in step) {
    for (;;) await print(step.pour);
  } else if ("hang" in step) await new Promise(() => setInterval(() => undefined, 1 << 30));
  else process.exitCode = step.exit;
}

async function main(): Promise<void> {
  if (process.argv[2] === "--version") {
    process.stdout.write("2.1.332 (Claude Code)\n");
    return;
  }
  const input = await text(process.stdin);
  const { message } = JSON.parse(input) as { message: { content: { text: string }[] } };
  const steps = JSON.parse(message.content.at(-1)?.text.trim() ?? "[]") as Step[];
  for (const step of steps) await take(step, input);
  // Connections do not keep it alive: a program ends when it has said everything.
  if (!steps.some((step) => "hang" in step)) process.stdout.end(() => process.exit());
}

if (import.meta.main) await main();

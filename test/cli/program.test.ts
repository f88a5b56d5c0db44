import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";
import { loadText, temporaryDirectory } from "../config/files.ts";
import { FakeShell } from "./fake-shell.ts";

async function run(args: readonly string[], shell = new FakeShell()) {
  const code = await runProgram(args, shell);
  return { code, out: shell.out, err: shell.err };
}

test("help names every command", async () => {
  const { code, out } = await run(["help"]);
  expect(code).toBe(0);
  for (const name of commands.keys()) expect(out).toContain(`\n  ${name} `);
  expect(await run(["--help"])).toEqual({ code, out, err: "" });
});

test.each([...commands.keys()])("help of %s: usage, options, examples, exit codes, in 100 columns", async (name) => {
  const { code, out } = await run([name, "--help"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage:\n {2}llmhub .+\n\nOptions:\n.+\n\nExamples:\n {2}llmhub .+\n\nExit codes:\n {2}0 /s);
  expect(out.split("\n").filter((line) => line.length > 100)).toEqual([]);
  expect(await run(["help", name])).toEqual({ code, out, err: "" });
});

test.each([
  [["srve"], "llmhub: unknown command srve; did you mean serve?\nRun `llmhub help` to see what is possible.\n"],
  [
    ["ask", "--modle"],
    "llmhub: unknown option --modle; did you mean --model?\nRun `llmhub help ask` to see what is possible.\n",
  ],
  [
    ["ask"],
    'llmhub: the question is empty; try: llmhub ask "Say hi"\nRun `llmhub help ask` to see what is possible.\n',
  ],
  [["keys"], "llmhub: say what to do: llmhub keys new\nRun `llmhub help keys` to see what is possible.\n"],
  [
    ["serve", "--listen", "here"],
    "llmhub: --listen must be host:port, such as 127.0.0.1:50051\nRun `llmhub help serve` to see what is possible.\n",
  ],
  [
    ["simulate", "--port", "65536"],
    "llmhub: --port must be a whole number from 0 to 65535\nRun `llmhub help simulate` to see what is possible.\n",
  ],
])("%j is wrong usage", async (args, err) => {
  expect(await run(args)).toEqual({ code: 2, out: "", err });
});

test("without a command there is help, and an exit code that says so", async () => {
  const { code, out, err } = await run([]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toContain("Commands:");
});

test("keys new prints a key once, and lines that the gateway takes", async () => {
  const { code, out } = await run(["keys", "new", "--id", "ci"]);
  expect(code).toBe(0);
  const key = /^ {2}(lh_[\w-]{43})$/m.exec(out)?.[1] ?? "";
  const { auth } = await loadText(`${out.slice(out.indexOf("\nauth:"))}providers: { simulator: }`);
  expect(auth.keys[0]).toMatchObject({ id: "ci", sha256: createHash("sha256").update(key).digest("hex") });
  expect((await run(["keys", "new"])).out).not.toContain(key);
});

test("check-config sums up what is valid, and lists what is not", async () => {
  await using directory = await temporaryDirectory();
  const valid = await directory.write(
    "a.yaml",
    "auth: { mode: off }\nproviders: { mine: { kind: simulator } }\nmodels: { aliases: { fast: mine/gpt }, patterns: { 'gpt-*': mine } }",
  );
  const { code, out } = await run(["check-config", "-c", valid]);
  expect({ code, out }).toEqual({
    code: 0,
    out: `valid: ${valid}
  calls       127.0.0.1:50051
  operations  127.0.0.1:9464
  auth        off
  providers   mine (simulator)
  aliases     fast → mine/gpt
  patterns    gpt-* → mine
  default     of the first provider that has one
`,
  });
  const invalid = await directory.write("b.yaml", "auth: { mode: none }\nx: 1");
  const shell = new FakeShell({ env: { LLMHUB_CONFIG: invalid, OPENAI_API_KEY: "k" } });
  const refused = await run(["check-config"], shell);
  expect(refused.code).toBe(3);
  expect(refused.err.split("\n").slice(0, 3)).toEqual([
    "llmhub: the configuration is invalid:",
    `${invalid}:1:15 auth.mode: must be one of keys, off`,
    expect.stringMatching(/:2:1 x: unknown field/),
  ]);
});

test("simulate answers until it is stopped", async () => {
  const shell = new FakeShell();
  const ready = Promise.withResolvers<void>();
  shell.onOut = ready.resolve;
  const running = runProgram(["simulate", "--port", "0", "--token-ms", "0", "--first-token-ms", "0"], shell);
  await ready.promise;
  const url = /POST (http\S+\/v1\/chat\/completions)/.exec(shell.out)?.[1] ?? "";
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"model":"gpt","messages":[{"role":"user","content":"Say hi"}]}',
  });
  expect(response.status).toBe(200);
  await response.text();
  shell.signals.emit("SIGINT");
  expect(await running).toBe(0);
});

test.each([
  ["simulate", (port: number) => ["--port", String(port)], "--port"],
  [
    "serve",
    (port: number) => ["--listen", `127.0.0.1:${port}`, "--http-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"],
    "--listen",
  ],
  [
    "serve",
    (port: number) => ["--listen", "127.0.0.1:0", "--http-listen", `127.0.0.1:${port}`, "--ops-listen", "127.0.0.1:0"],
    "--http-listen",
  ],
  [
    "serve",
    (port: number) => ["--listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0", "--ops-listen", `127.0.0.1:${port}`],
    "--ops-listen",
  ],
])("%s names a port that is in use", async (name, args, flag) => {
  const occupant = createServer().listen(0, "127.0.0.1");
  await once(occupant, "listening");
  const { port } = occupant.address() as AddressInfo;
  const { code, err } = await run([name, ...args(port)]);
  occupant.close();
  expect({ code, err }).toEqual({
    code: 1,
    err: `llmhub: port ${port} of 127.0.0.1 is in use by another program; stop that one, or choose another port with ${flag}\n`,
  });
});

import { once } from "node:events";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import {
  type CompleteRequest,
  FinishReason,
  type StreamCompleteRequest,
  type StreamCompleteResponseSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { runProgram } from "../../src/cli/program.ts";
import { GatewayError } from "../../src/model/error.ts";
import { FakeShell } from "./fake-shell.ts";
import { serveRoutes } from "./gateway-stub.ts";

type Response = MessageInitShape<typeof StreamCompleteResponseSchema>;
type Answer = (request: StreamCompleteRequest, context: HandlerContext) => AsyncIterable<Response>;

const part: Response = {
  sequence: 2,
  event: { case: "partStarted", value: { index: 0, part: { part: { case: "text", value: "" } } } },
};
const text: Response = {
  sequence: 3,
  event: { case: "partDelta", value: { index: 0, delta: { case: "text", value: "Hi" } } },
};
const finished = (finishReason: FinishReason): Response => ({
  sequence: 4,
  event: {
    case: "finished",
    value: {
      finishReason,
      routing: { model: "a/b" },
      warnings: [{ code: "LOSS", field: "top_k", message: "ignored" }],
    },
  },
});

/** Serves one scripted answer and runs `llmhub ask` against it. */
async function asked(answer: Answer, args: readonly string[], shell = new FakeShell()) {
  await using server = await serveRoutes((router) => router.service(CompletionService, { streamComplete: answer }));
  const code = await runProgram(["ask", "--address", server.address, ...args], shell);
  return { code, out: shell.out, err: shell.err };
}

test("the answer goes to stdout, what is remarkable to stderr", async () => {
  let request: StreamCompleteRequest | undefined;
  let authorization: string | null = "";
  const { code, out, err } = await asked(
    async function* (sent, context) {
      request = sent;
      authorization = context.requestHeader.get("authorization");
      yield* [part, text, finished(FinishReason.MAX_TOKENS)];
    },
    ["-m", "a/b", "--system", "be brief", "--max-tokens", "9", "--stats", "--key", "lh_k", "Say", "hi"],
  );
  expect({ code, out }).toEqual({ code: 0, out: "Hi\n" });
  expect(err).toMatch(
    /^warning: LOSS top_k: ignored\nnote: the model stopped early: MAX_TOKENS\na\/b · tokens unknown · cost unknown · first output \d+ ms\n$/,
  );
  expect(request?.start.value).toMatchObject({ input: "Say hi", model: "a/b", system: "be brief", maxOutputTokens: 9 });
  expect(authorization).toBe("Bearer lh_k");
});

test("the question may come from standard input, the key from the environment", async () => {
  const shell = new FakeShell({ stdin: " from a pipe\n", env: { LLMHUB_API_KEY: "lh_env" } });
  const { code, out } = await asked(
    async function* (sent, context) {
      const { input } = sent.start.value as CompleteRequest;
      const said = `${input}|${context.requestHeader.get("authorization")}`;
      yield* [part, { event: { case: "partDelta", value: { index: 0, delta: { case: "text", value: said } } } }];
      yield finished(FinishReason.STOP);
    },
    ["-"],
    shell,
  );
  expect({ code, out }).toEqual({ code: 0, out: "from a pipe|Bearer lh_env\n" });
});

test("--json prints each event on a line", async () => {
  const { code, out } = await asked(
    async function* () {
      yield* [part, text, finished(FinishReason.STOP)];
    },
    ["--json", "hi"],
  );
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(events.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
  expect(events[1]).toEqual({ sequence: 3, partDelta: { text: "Hi" } });
});

test("an answer without its last event is reported as cut", async () => {
  const { code, out, err } = await asked(
    async function* () {
      yield* [part, text];
    },
    ["hi"],
  );
  expect({ code, out }).toEqual({ code: 5, out: "Hi\n" });
  expect(err).toBe("llmhub: the answer was cut: the stream ended without its last event\n");
});

test("an error shows code, reason, message and what to do", async () => {
  const { code, err } = await asked(
    // biome-ignore lint/correctness/useYield: it fails before anything is said
    async function* () {
      throw new GatewayError("CREDENTIALS_MISSING", "no API key");
    },
    ["hi"],
  );
  expect(code).toBe(5);
  expect(err).toMatch(/^llmhub: Unauthenticated CREDENTIALS_MISSING: no API key\nhint: give an API key/);
});

test("a refused credential of the gateway is not taken for the caller's", async () => {
  const { err } = await asked(
    // biome-ignore lint/correctness/useYield: it fails before anything is said
    async function* () {
      throw new GatewayError("PROVIDER_CREDENTIAL_INVALID", "vertex refuses the credential");
    },
    ["hi"],
  );
  expect(err).toContain("vertex refuses the credential\nhint: the gateway's own credential is meant, not yours");
});

test("an error that a repeat may mend says when", async () => {
  const { code, err } = await asked(
    async function* () {
      yield* [part, text];
      throw new GatewayError("PROVIDER_RATE_LIMITED", "slow down", { retryMs: 7000 });
    },
    ["hi"],
  );
  expect(code).toBe(5);
  expect(err).toBe(
    "llmhub: ResourceExhausted PROVIDER_RATE_LIMITED: slow down\nhint: trying again may help, after 7 s\n",
  );
});

test("Ctrl-C cancels the call at the gateway", async () => {
  const shell = new FakeShell();
  const cancelled = Promise.withResolvers<void>();
  shell.onOut = () => {
    if (shell.out === "Hi") shell.signals.emit("SIGINT");
  };
  const { code, err } = await asked(
    async function* (_, { signal }) {
      signal.addEventListener("abort", () => cancelled.resolve());
      yield* [part, text];
      if (!signal.aborted) await once(signal, "abort");
      throw new ConnectError("gone", Code.Canceled);
    },
    ["hi"],
    shell,
  );
  await cancelled.promise;
  expect({ code, out: shell.out, err }).toEqual({ code: 130, out: "Hi\n", err: "" });
  expect(shell.signals.listenerCount("SIGINT")).toBe(0);
});

test("no gateway is told apart from its errors", async () => {
  const server = await serveRoutes(() => undefined);
  await server[Symbol.asyncDispose]();
  const shell = new FakeShell();
  expect(await runProgram(["ask", "--address", server.address, "hi"], shell)).toBe(4);
  expect(shell.err).toBe(
    `llmhub: cannot reach the gateway at ${server.address} (ECONNREFUSED); start it with \`npm start\`, or say where it is with --address\n`,
  );
});

test("an answer may begin anew only by wish", async () => {
  const wishes: (boolean | undefined)[] = [];
  const answer: Answer = async function* ({ options }) {
    wishes.push(options?.allowRestart);
    yield* [part, text];
    if (options?.allowRestart === true) yield { sequence: 4, event: { case: "restarted", value: {} } };
    yield* [part, text, finished(FinishReason.STOP)];
  };
  const { code, out } = await asked(answer, ["--allow-restart", "Say hi"]);
  expect({ code, out }).toEqual({ code: 0, out: "Hi\n" });
  await asked(answer, ["Say hi"]);
  expect(wishes).toEqual([true, false]);
});

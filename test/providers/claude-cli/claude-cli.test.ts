import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { FinishReason } from "../../../gen/llmhub/v1/completion_pb.ts";
import { UsageSource } from "../../../gen/llmhub/v1/usage_pb.ts";
import { broken, before as failed, faultOf, unreadable } from "../../e2e/faults/fault.ts";
import { ClaudeProgram, prompt, Watch } from "../../support/claude-program.ts";
import type { Report, Step } from "../../support/fake-claude.ts";
import { type ProviderSection, TestGateway, textOf } from "../../support/gateway.ts";
import { within } from "../../support/scripted-upstream.ts";

const model = "claude-cli/claude-haiku-4-5";
/** How soon a process must be gone after nobody wants its answer. */
const goneWithinMs = 250;

function gatewayWith({ path }: ClaudeProgram, rest: ProviderSection = {}): Promise<TestGateway> {
  return TestGateway.start({
    providers: { "claude-cli": { ...rest, settings: { program: path, ...rest.settings } } },
  });
}

const asking = (...steps: readonly Step[]) => ({ model, input: prompt(...steps) });

async function directories(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("llmhub-program-"));
}

describe("an answer", () => {
  test("is streamed, with what the program says of its use", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    const { events, error } = await gateway.stream(asking({ answer: "Hello" }, { result: {} }));
    expect(error).toBeUndefined();
    expect(textOf({ events })).toBe("Hello");
    const last = events.at(-1)?.event;
    if (last?.case !== "finished") throw new Error("no end");
    expect(last.value).toMatchObject({ finishReason: FinishReason.STOP, nativeFinishReason: "end_turn" });
    expect(last.value.usage).toMatchObject({
      inputTokens: 14,
      cacheReadTokens: 4,
      outputTokens: 7,
      source: UsageSource.PROVIDER,
    });
    expect(last.value.cost).toBeUndefined();
    expect(last.value.providerMetadata["claude-cli"]).toEqual({ total_cost_usd: 0.0125, session_id: "0b7f" });
  });

  test("comes whole, after notices and before noise", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    const steps: Step[] = [{ print: "\u001b[33mUpdate available\u001b[0m\n" }, { answer: "Hello" }, { result: {} }];
    const { message } = await gateway.complete(asking(...steps, { print: "not JSON\n" }, { exit: 3 }));
    expect(message?.content.map(({ part }) => part.value)).toEqual(["Hello"]);
  });

  test("that the output limit cut ends the process, which would go on", async () => {
    await using program = await ClaudeProgram.install();
    await using watch = await Watch.open();
    await using gateway = await gatewayWith(program);
    const cut = { answer: "Hel", stopReason: "max_tokens" };
    const { events } = await gateway.stream(asking({ call: watch.port }, cut, { hang: true }));
    const { gone } = await watch.next();
    const last = events.at(-1)?.event;
    expect(last?.case === "finished" && last.value.finishReason).toBe(FinishReason.MAX_TOKENS);
    await within(gone, goneWithinMs);
  });
});

describe("a process", () => {
  test("sees of prompt, credential and environment what it must, and shows none of it", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program, {
      apiKey: "sk-ant-secret",
      baseUrl: "http://127.0.0.1:9",
      headers: { "x-team": "blue" },
      settings: { oauthToken: "oat-secret" },
    });
    const { events } = await gateway.stream({
      ...asking({ report: true }, { result: {} }),
      system: "Be brief, canary.",
    });
    const seen = JSON.parse(textOf({ events })) as Report;
    expect(seen.commandLine).toContain("--model=claude-haiku-4-5");
    for (const secret of ["secret", "canary", "report"]) expect(seen.commandLine).not.toContain(secret);
    expect(seen.environment).toMatchObject({
      ANTHROPIC_API_KEY: "sk-ant-secret",
      ANTHROPIC_BASE_URL: "http://127.0.0.1:9",
      ANTHROPIC_CUSTOM_HEADERS: "x-team: blue",
      CLAUDE_CODE_OAUTH_TOKEN: "oat-secret",
      CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
      TMPDIR: seen.directory,
    });
    expect(Object.keys(seen.environment)).not.toContain("VITEST");
    expect([seen.system, seen.files]).toEqual(["Be brief, canary.", ["system.txt 600"]]);
    await gateway.drain();
    expect((await directories()).filter((name) => seen.directory.includes(name))).toEqual([]);
  });

  test("and its children end when the caller leaves", async () => {
    await using program = await ClaudeProgram.install();
    await using watch = await Watch.open();
    await using gateway = await gatewayWith(program);
    const leave = new AbortController();
    const steps: Step[] = [{ bear: watch.port }, { call: watch.port }, { answer: "Hello" }, { hang: true }];
    const call = gateway.failure(asking(...steps), { signal: leave.signal });
    const processes = [await watch.next(), await watch.next()];
    leave.abort();
    for (const { gone } of processes) await within(gone, goneWithinMs);
    expect((await call).code).toBe(Code.Canceled);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "cancelled" })).toBe(1);
  });

  test("that is deaf to the first signal ends by the second, and the gateway waits for it", async () => {
    await using program = await ClaudeProgram.install();
    await using watch = await Watch.open();
    await using gateway = await gatewayWith(program);
    const leave = new AbortController();
    const call = gateway.failure(asking({ deaf: true }, { call: watch.port }, { hang: true }), {
      signal: leave.signal,
    });
    const { gone } = await watch.next();
    leave.abort();
    await call;
    await gateway.drain();
    await within(gone, goneWithinMs);
  });

  test("ends with the gateway", async () => {
    await using program = await ClaudeProgram.install();
    await using watch = await Watch.open();
    await using gateway = await gatewayWith(program);
    const call = gateway.failure(asking({ call: watch.port }, { hang: true }));
    const { gone } = await watch.next();
    await gateway.drain();
    await within(gone, goneWithinMs);
    expect(faultOf(await call)).toMatchObject({ reason: "GATEWAY_DRAINING" });
  });

  test("waits for its turn: so many run at once, and those who leave meanwhile never start", async () => {
    await using program = await ClaudeProgram.install();
    await using watch = await Watch.open();
    await using gateway = await gatewayWith(program, { connectionsMax: 1 });
    const leave = new AbortController();
    const first = gateway.failure(asking({ call: watch.port }, { hang: true }), { signal: leave.signal });
    const { gone } = await watch.next();
    const routing = { attemptTimeout: { nanos: 100_000_000 } };
    const second = gateway.failure({ ...asking({ call: watch.port }, { hang: true }), routing });
    expect(faultOf(await second)).toMatchObject({ reason: "GATEWAY_OVERLOADED", cause: "connections", usage: "none" });
    const third = gateway.complete(asking({ call: watch.port }, { answer: "Hello" }, { result: {} }));
    expect(watch.count).toBe(0);
    leave.abort();
    await gone;
    await first;
    expect((await third).message?.content[0]?.part.value).toBe("Hello");
  });

  test("that is slow to say anything is given up", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program, { timeouts: { firstOutput: "300ms" } });
    const { error } = await gateway.stream(asking({ hang: true }));
    expect(faultOf(error)).toMatchObject({ reason: "PROVIDER_TIMEOUT", cause: "first_output" });
    // Which waits for every process.
    await gateway.drain();
  });
});

describe("a failure", () => {
  const login = { is_error: true, result: "Not logged in · Please run /login" };
  const cases: readonly [string, readonly Step[], object][] = [
    ["of the login", [{ result: login }, { exit: 1 }], failed("FailedPrecondition", "PROVIDER_CREDENTIAL_INVALID")],
    [
      "told on the error output, in colours",
      [{ complain: "\u001b[31mInvalid API \u001b[1mkey\u001b[0m · Please run /login\n" }, { exit: 1 }],
      failed("FailedPrecondition", "PROVIDER_CREDENTIAL_INVALID"),
    ],
    [
      "told as text on the output",
      [{ print: "Claude AI usage limit reached|1762952400\n" }, { exit: 1 }],
      failed("FailedPrecondition", "PROVIDER_QUOTA_EXHAUSTED"),
    ],
    ["without a word", [{ exit: 7 }], failed("Unavailable", "PROVIDER_UNAVAILABLE")],
    ["without a word, under exit code 0", [], failed("Internal", "PROVIDER_BAD_RESPONSE")],
    [
      "of a process that dies in its preamble",
      [{ print: '{"type":"system"}\n' }, { exit: 9 }],
      failed("Unavailable", "PROVIDER_UNAVAILABLE", { cause: "exit", usage: "estimated" }),
    ],
    ["of output without its last line", [{ print: '{"type":"system"}\n' }], unreadable("truncated")],
    ["of a line without end", [{ print: "{" }, { pour: "x".repeat(65_536) }], unreadable("stream_limit")],
    ["of output that is no JSON", [{ pour: "x".repeat(65_536) }], unreadable("not_json")],
    ["of an answer that the program gives itself", [{ result: {} }], unreadable("no_answer")],
  ];

  test.each(cases)("%s", async (_name, steps, expected) => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    expect(faultOf(await gateway.failure(asking(...steps)))).toEqual(expected);
  });

  test("after output is a stream that broke", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    const stop = { type: "message_stop" };
    const start = { type: "content_block_start", index: 0, content_block: { type: "text", text: "Hel" } };
    const steps: Step[] = [{ event: { type: "message_start", message: {} } }, { event: start }];
    const { error } = await gateway.stream(asking(...steps, { event: stop }, { hang: true }));
    expect(faultOf(error)).toEqual(broken("truncated"));
    const died = await gateway.stream(asking(...steps, { exit: 1 }));
    expect(faultOf(died.error)).toEqual(broken("exit"));
  });

  test("to start is an outage that cost nothing", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    await program[Symbol.asyncDispose]();
    const error = await gateway.failure(asking());
    expect(faultOf(error)).toEqual(failed("Unavailable", "PROVIDER_UNAVAILABLE", { cause: "program" }));
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata["provider"]).toBe("claude-cli");
  });
});

describe("configuration", () => {
  test.each([
    ["claude", "must be an absolute path"],
    ["/nowhere/claude", "names a file that does not exist"],
    ["/etc/passwd", "names a file that may not be executed"],
    ["/usr", "does not name a file"],
  ])("%s is no program: it %s", async (program, problem) => {
    const starting = TestGateway.start({ providers: { "claude-cli": { settings: { program } } } });
    await expect(starting).rejects.toThrow(`provider claude-cli: settings.program ${problem}`);
  });

  test("needs a program", async () => {
    await expect(TestGateway.start({ providers: { "claude-cli": {} } })).rejects.toThrow("settings.program");
  });

  test.each([[["claude-cli", "anthropic"]], [["anthropic", "claude-cli"]]])(
    "models without a provider go to Anthropic's API first, whatever the order: %s",
    async (order) => {
      await using program = await ClaudeProgram.install();
      const sections: Readonly<Record<string, ProviderSection>> = {
        "claude-cli": { settings: { program: program.path } },
        anthropic: { apiKey: "sk-ant-1", baseUrl: "http://127.0.0.1:9", timeouts: { connect: "1s" } },
      };
      await using gateway = await TestGateway.start({
        providers: Object.fromEntries(order.map((id) => [id, sections[id] ?? {}])),
      });
      const error = await gateway.failure({ ...asking(), model: "claude-9" });
      expect(error.findDetails(ErrorInfoSchema)[0]?.metadata["provider"]).toBe("anthropic");
    },
  );

  test("models without a provider go to the program where there is no other", async () => {
    await using program = await ClaudeProgram.install();
    await using gateway = await gatewayWith(program);
    const { message } = await gateway.complete({ ...asking({ answer: "Hi" }, { result: {} }), model: "claude-9" });
    expect(message?.content[0]?.part.value).toBe("Hi");
  });
});

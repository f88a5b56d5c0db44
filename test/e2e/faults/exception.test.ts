import { expect, test } from "vitest";
import type { Protocol } from "../../../src/model/protocol.ts";
import { chatCompletions } from "../../../src/protocols/chat-completions/protocol.ts";
import type { ChatBody } from "../../../src/protocols/chat-completions/wire.ts";
import { providerKinds } from "../../../src/providers/index.ts";
import type { ProviderFacts } from "../../../src/providers/provider.ts";
import { TestGateway, textOf } from "../../support/gateway.ts";
import { GatewayProcess } from "../../support/gateway-process.ts";
import { madeUp } from "../../support/made-up-provider.ts";
import { ScriptedUpstream } from "../../support/scripted-upstream.ts";
import { heard, PacedUpstream, readUntil } from "./broken-stream.ts";
import { chat, providerAt, request, streamed } from "./dialects.ts";
import { faultIn, faultOf } from "./fault.ts";
import { RawCall } from "./raw-call.ts";

/** A bug, whose words quote what nobody may see. */
function bug(): never {
  throw new TypeError("cannot read canary-content of undefined");
}

/** The dialect of OpenAI with one bug in it. */
const buggy: Record<string, Partial<Protocol<ChatBody>>> = {
  render: { render: bug },
  read: { read: bug },
  push: { read: () => ({ model: "", push: bug, end: () => undefined }) },
  end: { read: () => ({ model: "", push: () => undefined, end: bug }) },
  fault: { fault: bug },
};

/** One that comes with the second piece of text. */
const later: Pick<Protocol<ChatBody>, "read"> = {
  read: (attempt) => {
    const reader = chatCompletions.read(attempt);
    const push: typeof reader.push = (bytes, out) => (bytes.includes("lo") ? bug() : reader.push(bytes, out));
    return { model: "", push, end: (out) => reader.end(out) };
  },
};

/** Bugs by model; a model without one works. */
const facts: ProviderFacts = {
  ...madeUp,
  kind: "buggy",
  keyRequired: false,
  dialects: () => ({ generate: (model) => ({ ...chatCompletions, ...(model === "later" ? later : buggy[model]) }) }),
};
const kinds = new Map([...providerKinds, [facts.kind, facts] as const]);

test.each(Object.keys(buggy).flatMap((where) => [[where, "unary"] as const, [where, "stream"] as const]))(
  "G12: an exception in an adapter's %s costs its own call, %s",
  async (where, mode) => {
    await using upstream = await ScriptedUpstream.start(async (connection) => {
      for (;;) {
        const { body } = await connection.request();
        if (where === "fault" && body.includes('"fault"')) await connection.respond(500, "{}");
        else if (!body.includes('"stream":true')) await connection.respond(200, chat.whole("Hello"));
        else {
          await connection.beginEvents();
          await connection.chunk(streamed(chat, "Hello"));
          await connection.lastChunk();
        }
      }
    });
    await using gateway = await TestGateway.start({
      providers: providerAt(upstream.url, facts.kind),
      models: { retry: { maxAttempts: 3 } },
      kinds,
    });
    for (let i = 0; i < 6; i++) {
      expect(await faultIn(gateway, mode, { ...request, model: `up/${where}` })).toEqual({
        code: "Internal",
        reason: "INTERNAL",
        cause: undefined,
        retry: false,
        attempts: ["INTERNAL"],
        outputStarted: false,
        usage: where === "render" ? "none" : "estimated",
      });
    }
    expect((await gateway.complete(request)).message?.content[0]?.part.value).toBe("Hello");
    expect(textOf(await gateway.stream(request))).toBe("Hello");
    expect(upstream.requests.length).toBe(where === "render" ? 2 : 8);
    expect(await gateway.metric("upstream_attempts_total", { outcome: "internal" })).toBe(6);
    expect(await gateway.metric("calls_total", { code: "INTERNAL" })).toBe(6);
    expect(await gateway.metric("breaker_state")).toBe(0);
  },
);

test("G12: an exception after output ends the stream, and the connection to the provider", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await TestGateway.start({ providers: providerAt(upstream.url, facts.kind), kinds });
  upstream.say("Hel", "lo");
  const { events, error } = await gateway.stream({ ...request, model: "up/later" });
  expect(textOf({ events })).toBe("Hel");
  expect(faultOf(error)).toMatchObject({ code: "Internal", reason: "INTERNAL", outputStarted: true });
  await upstream.upstream.closed();
  expect(upstream.upstream.requests.length).toBe(1);
});

/** Throws where nobody waits for it. Its source is in stacks, as the address of the module: it does not spell the word. */
const stray = `const word = ["can", "ary"].join("");
process.on("SIGUSR2", () => {
  setTimeout(() => { throw new Error(word + " in a timer"); });
  setImmediate(() => { throw new Error(word + " in an event"); });
  Promise.reject(new Error(word + " in a promise"));
});`;

test("G12: an exception that belongs to no call is counted and logged without its words, and calls go on", async () => {
  await using upstream = await PacedUpstream.start();
  await using gateway = await GatewayProcess.start(
    { providers: providerAt(upstream.url, chat.kind), log: { format: "json", level: "trace" } },
    { preload: stray },
  );
  const { program } = gateway;
  upstream.say("Hel");
  using call = new RawCall(gateway.url, "StreamComplete", request);
  await readUntil(call, 3);
  const end = heard(call);
  program.signal("SIGUSR2");
  await program.said(/(an exception that nothing expected.*\n.*){3}/);
  expect(await gateway.metric("faults_total")).toBe(3);
  upstream.say("lo");
  upstream.finish();
  const { events, status } = await end;
  expect([textOf({ events: [...events] }), status]).toEqual(["lo", "0"]);
  program.signal("SIGTERM");
  expect(await program.exit()).toBe(0);
  expect(program.output).not.toContain("canary");
}, 30_000);

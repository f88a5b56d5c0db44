import { expect, test } from "vitest";
import { FinishReason } from "../../gen/llmhub/v1/completion_pb.ts";
import { folded } from "../conformance/replay.ts";
import { TestGateway, textOf } from "../support/gateway.ts";
import { ScriptedUpstream, type UpstreamConnection } from "../support/scripted-upstream.ts";

const ask = { model: "acme/m", input: "hi" };

function delta(content: string): string {
  return `data: ${JSON.stringify({ id: "1", model: "m", choices: [{ index: 0, delta: { content } }] })}\n\n`;
}

const ending = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;

/** Answers every request with these events. */
async function answerAll(connection: UpstreamConnection, ...events: string[]): Promise<void> {
  for (;;) {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(...events);
    await connection.lastChunk();
  }
}

async function start(script: (connection: UpstreamConnection) => Promise<void>) {
  const stack = new AsyncDisposableStack();
  const upstream = stack.use(await ScriptedUpstream.start(script));
  const providers = { acme: { kind: "openai-compatible", baseUrl: `${upstream.url}/v1` } };
  const gateway = stack.use(await TestGateway.start({ providers }));
  return { gateway, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test("a silent provider: started and heartbeats come before any output, without a place in the sequence", async () => {
  const beatenTwice = Promise.withResolvers<void>();
  const beatenInside = Promise.withResolvers<void>();
  await using hub = await start(async (connection) => {
    await connection.request();
    await beatenTwice.promise;
    await connection.beginEvents();
    await connection.chunk(delta("a"));
    await beatenInside.promise;
    await connection.chunk(delta("b"), ending);
    await connection.lastChunk();
  });
  let beats = 0;
  let hasOutput = false;
  const { events, error } = await hub.gateway.stream(ask, {
    stream: { heartbeatInterval: { nanos: 20_000_000 } },
    onEvent: ({ event }) => {
      hasOutput ||= event.case === "partDelta";
      if (event.case !== "heartbeat") return;
      beats += 1;
      if (hasOutput) beatenInside.resolve();
      else if (beats >= 2) beatenTwice.resolve();
    },
  });
  expect(error).toBeUndefined();
  const cases = events.map(({ event }) => event.case);
  expect(cases.slice(0, 3)).toEqual(["started", "heartbeat", "heartbeat"]);
  expect(cases.at(-1)).toBe("finished");
  const { routing } = events[0]?.event.case === "started" ? events[0].event.value : {};
  expect(routing).toMatchObject({ requestedModel: "acme/m", provider: "acme", model: "acme/m" });
  for (const { event, sequence } of events) expect(sequence === 0).toBe(event.case === "heartbeat");
  const numbered = events.filter(({ sequence }) => sequence > 0);
  expect(numbered.map(({ sequence }) => sequence)).toEqual(numbered.map((_, i) => i + 1));
  expect(textOf({ events })).toBe("ab");
  expect(folded(events).routing?.upstreamModel).toBe("m");
});

test("a provider that talks gets no heartbeats, and zero means none", async () => {
  await using hub = await start((connection) => answerAll(connection, delta("a"), ending));
  for (const heartbeatInterval of [{ seconds: 0n }, { seconds: 15n }]) {
    const { events } = await hub.gateway.stream(ask, { stream: { heartbeatInterval } });
    expect(events.map(({ event }) => event.case)).not.toContain("heartbeat");
  }
});

test("a coalescing window makes fewer messages of the same text", async () => {
  const words = Array.from({ length: 40 }, (_, i) => `word${i} `);
  await using hub = await start((connection) => answerAll(connection, ...words.map(delta), ending));
  const plain = await hub.gateway.stream(ask);
  const joined = await hub.gateway.stream(ask, { stream: { coalesceWindow: { nanos: 500_000_000 } } });
  const deltas = ({ events }: typeof plain) => events.filter(({ event }) => event.case === "partDelta");
  expect(deltas(plain)).toHaveLength(words.length);
  expect(deltas(joined).length).toBeLessThan(4);
  expect(joined.events.map(({ sequence }) => sequence)).toEqual(joined.events.map((_, i) => i + 1));
  expect(joined.events.at(-1)?.event.case).toBe("finished");
  expect([textOf(plain), textOf(joined)]).toEqual([words.join(""), words.join("")]);
  expect(folded(joined.events).finishReason).toBe(FinishReason.STOP);
});

test("an interval or window out of range is refused", async () => {
  await using hub = await start(async () => undefined);
  for (const stream of [{ heartbeatInterval: { seconds: 301n } }, { coalesceWindow: { seconds: 1n } }]) {
    const { events, error } = await hub.gateway.stream(ask, { stream });
    expect([events, error?.code]).toEqual([[], 3]);
  }
});

import { expect, test } from "vitest";
import { TestGateway, textOf } from "../support/gateway.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { faultOf } from "./faults/fault.ts";

/** A gateway whose memory is as full as the test says, in front of streams that end when it says so. */
async function gatewayWithMemory() {
  const memory = { used: 0.5, readings: [] as number[] };
  const ends: (() => void)[] = [];
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(chat.preamble + chat.text("Hello"));
    await new Promise<void>((resolve) => ends.push(resolve));
    await connection.chunk(chat.finish + chat.done);
    await connection.lastChunk();
  });
  const gateway = await TestGateway.start({
    providers: providerAt(upstream.url, chat.kind),
    readMemory: () => {
      const used = memory.readings.shift() ?? memory.used;
      return { residentBytes: used * 1000, limitBytes: 1000, heapUsedBytes: 0, heapLimitBytes: 1000 };
    },
  });
  return {
    memory,
    gateway,
    upstream,
    endStreams: () => {
      for (const end of ends) end();
    },
    /** Resolves when the guard has come to this state. */
    state: async (state: number) => {
      while ((await gateway.metric("memory_state")) !== state);
    },
    /** A stream whose first event has come. */
    begun: async (input: string) => {
      const first = Promise.withResolvers<void>();
      const ended = gateway.stream({ ...request, input }, { onEvent: () => first.resolve() });
      await first.promise;
      return { ended };
    },
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test("G7: above 85 % new calls are refused while others are under way, until memory has fallen below 80 %", async () => {
  await using at = await gatewayWithMemory();
  const { ended } = await at.begun("one");
  at.memory.used = 0.86;
  await at.state(1);
  expect(await at.gateway.metric("memory_used_ratio")).toBeCloseTo(0.86);
  expect(faultOf(await at.gateway.failure(request))).toMatchObject({
    code: "Unavailable",
    reason: "GATEWAY_OVERLOADED",
    cause: "memory",
    retry: true,
  });
  expect(await at.gateway.metric("shed_calls_total", { cause: "memory" })).toBe(1);
  at.memory.used = 0.79;
  await at.state(0);
  const { ended: second } = await at.begun("two");
  at.endStreams();
  for (const stream of [await ended, await second]) expect(stream.error).toBeUndefined();
});

test("the only call is let in: nothing else would have memory cleaned up", async () => {
  await using at = await gatewayWithMemory();
  at.memory.used = 0.86;
  await at.state(1);
  const { ended } = await at.begun("one");
  at.endStreams();
  expect((await ended).error).toBeUndefined();
});

test("G7: above 93 % the stream that holds the most is ended, and the others go on", async () => {
  await using at = await gatewayWithMemory();
  const small = await at.begun("small");
  const large = await at.begun("large ".repeat(10_000));
  const other = await at.begun("other");
  // One look only: the next finds it lower.
  at.memory.readings.push(0.94);
  at.memory.used = 0.86;
  const { error, events } = await large.ended;
  expect(textOf({ events })).toBe("Hello");
  expect(faultOf(error)).toMatchObject({ code: "Unavailable", reason: "GATEWAY_OVERLOADED", cause: "memory_reset" });
  expect(await at.gateway.metric("shed_calls_total", { cause: "memory_reset" })).toBe(1);
  at.endStreams();
  for (const { ended } of [small, other]) expect((await ended).error).toBeUndefined();
});

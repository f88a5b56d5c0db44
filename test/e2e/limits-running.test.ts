import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { TestGateway, textOf } from "../support/gateway.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { chat, providerAt, request } from "./faults/dialects.ts";
import { ask } from "./limited.ts";

/** In one slice: what is taken later is noted where the first was. */
const daily = { per: "day", algorithm: "fixed-window" } as const;
/** As many tokens as the gateway counts while nobody tells it better. */
const textOfTokens = (tokens: number) => "word".repeat(tokens);

/** A gateway with limits, before a provider whose stream says 6,000 tokens and ends when it is told to. */
async function stage(sections: Partial<Parameters<typeof TestGateway.start>[0]>) {
  const end = Promise.withResolvers<void>();
  const upstream = await ScriptedUpstream.start(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await connection.chunk(chat.preamble, chat.text(textOfTokens(2000)));
    await connection.chunk(chat.text(textOfTokens(4000)));
    await end.promise;
    // The provider's own count: 7 in, 3 out.
    await connection.chunk(chat.finish, chat.done);
    await connection.lastChunk();
  });
  const gateway = await TestGateway.start({
    providers: { ...providerAt(upstream.url, chat.kind), simulator: {} },
    ...sections,
  });
  /** Tokens that are left, less the few of the call that asks. */
  const left = async (): Promise<number> => {
    let told = "";
    const onHeader = (headers: Headers) => {
      told = headers.get("x-ratelimit-remaining-tokens") ?? "";
    };
    await gateway.complete({ ...ask, maxOutputTokens: 1 }, { onHeader });
    return Number(told);
  };
  return {
    gateway,
    left,
    end: () => end.resolve(),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

test("a stream without a bound takes more as it goes on, and gives back what it has not used", async () => {
  await using staged = await stage({ limits: [{ scope: "key", tokens: 100_000, reserve: 1000, ...daily }] });
  const streamed = staged.gateway.stream(request);
  await expect.poll(staged.left, { timeout: 5000 }).toBeLessThan(100_000 - 6000 - 1000);
  staged.end();
  expect((await streamed).error).toBeUndefined();
  await expect.poll(staged.left, { timeout: 5000 }).toBeGreaterThan(99_000);
});

test("a stream that outgrows a limit goes on, and others wait for what it uses", async () => {
  await using staged = await stage({ limits: [{ scope: "key", tokens: 3000, reserve: 500, ...daily }] });
  const { gateway } = staged;
  const streamed = gateway.stream(request);
  const others = () =>
    gateway.complete({ ...ask, maxOutputTokens: 1 }).then(
      () => undefined,
      ({ code }) => code,
    );
  await expect.poll(others, { timeout: 5000 }).toBe(Code.ResourceExhausted);
  staged.end();
  const { error, events } = await streamed;
  expect(error).toBeUndefined();
  expect(textOf({ events }).length).toBe(4 * 6000);
  await expect.poll(others, { timeout: 5000 }).toBeUndefined();
});

testWithRedis("a running stream takes more in Redis, too, and is settled there once", async () => {
  await using server = await RedisServer.start();
  await using staged = await stage({
    redis: { url: server.url, opTimeout: "1s" },
    limits: [{ scope: "provider", tokens: 100_000, reserve: 1000, ...daily }],
  });
  await expect.poll(() => staged.gateway.metric("redis_up"), { timeout: 5000 }).toBe(1);
  const taken = async () => {
    const [key = ""] = await server.client.keys("*:c:provider:tokens:*:up");
    return Number((await server.client.hvals(key))[0]);
  };
  const streamed = staged.gateway.stream(request);
  await expect.poll(taken, { timeout: 5000 }).toBeGreaterThan(7000);
  staged.end();
  expect((await streamed).error).toBeUndefined();
  await expect.poll(taken, { timeout: 5000 }).toBe(10);
  expect(await server.client.keys("*:open")).toEqual([]);
});

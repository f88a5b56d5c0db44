import { expect, test } from "vitest";
import { Secret } from "../../src/model/secret.ts";
import { type RedisFailure, RedisLink, scriptOf } from "../../src/storage/redis.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { RedisServer, testWithRedis } from "../support/redis-server.ts";
import { ScriptedUpstream, within } from "../support/scripted-upstream.ts";

const count = scriptOf("return redis.call('INCRBY', KEYS[1], ARGV[1])");

/** A link, and what it told. */
class Watched implements AsyncDisposable {
  readonly states: (string | undefined)[] = [];
  readonly failures: string[] = [];
  link!: RedisLink;
  #waiting: { readonly up: boolean; readonly go: () => void } | undefined;

  static async open(url: string, opTimeoutMs = 200): Promise<Watched> {
    const watched = new Watched();
    watched.link = await RedisLink.open(
      { url: new Secret(url), keyPrefix: "t:", opTimeoutMs },
      { changed: (cause) => watched.#changed(cause), failed: (kind) => watched.failures.push(kind) },
    );
    return watched;
  }

  /** Resolves once the link is up, or down. */
  async is(state: "up" | "down"): Promise<void> {
    const up = state === "up";
    if ((this.link.cause === undefined) === up) return;
    await new Promise<void>((go) => {
      this.#waiting = { up, go };
    });
  }

  /** What an operation ends with. */
  async failure(operation: Promise<unknown>): Promise<RedisFailure> {
    return operation.then(
      (answer) => {
        throw new Error(`answered ${answer}`);
      },
      (error: RedisFailure) => error,
    );
  }

  #changed(cause: string | undefined): void {
    this.states.push(cause);
    if (this.#waiting?.up === (cause === undefined)) this.#waiting?.go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }
}

testWithRedis("answers commands, bytes and scripts, all keys under the prefix", async () => {
  await using server = await RedisServer.start();
  await using watched = await Watched.open(server.url);
  const { link } = watched;
  await link.settled(1000);
  expect(await link.call("SET", "a", "1")).toBe("OK");
  expect(await link.callBuffer("GET", "a")).toEqual(Buffer.from("1"));
  expect(await link.script(count, ["n"], [2])).toBe(2);
  expect(await link.script(count, ["n"], [3])).toBe(5);
  expect(await server.keys()).toEqual(["t:a", "t:n"]);
  expect(watched.states).toEqual([undefined]);
});

testWithRedis("a script that Redis has forgotten is taught again, and runs once", async () => {
  await using server = await RedisServer.start();
  await using watched = await Watched.open(server.url);
  await watched.link.settled(1000);
  for (let i = 1; i <= 50; i++) {
    if (i % 5 === 0) await server.client.script("FLUSH");
    expect(await watched.link.script(count, ["flushed"], [1])).toBe(i);
  }
  expect(watched.failures).toEqual([]);
});

testWithRedis(
  "R6: a server that became a replica is given up at its first refusal, until it takes writes again",
  async () => {
    await using server = await RedisServer.start();
    await using watched = await Watched.open(server.url);
    const { link } = watched;
    await link.settled(1000);
    await server.client.replicaof("127.0.0.1", 1);
    expect(await link.call("GET", "a")).toBeNull();
    expect((await watched.failure(link.call("SET", "a", "1"))).word).toBe("READONLY");
    expect((await watched.failure(link.call("GET", "a"))).kind).toBe("down");
    const connections = async () =>
      Number(/total_connections_received:(\d+)/.exec(await server.client.info("stats"))?.[1]);
    for (const before = await connections(); (await connections()) < before + 2; );
    expect(watched.states).toEqual([undefined, "READONLY"]);
    await server.client.replicaof("NO", "ONE");
    await watched.is("up");
    expect(await link.call("SET", "a", "1")).toBe("OK");
  },
);

testWithRedis("a Redis that is not there is known at once, and costs nothing", async () => {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server.port);
  proxy.cut();
  await using watched = await Watched.open(`redis://127.0.0.1:${proxy.port}`);
  await watched.link.settled(1000);
  const failure = await watched.failure(watched.link.call("PING"));
  expect(failure.kind).toBe("down");
  proxy.heal();
  await within(watched.is("up"), 2000);
  expect(await watched.link.call("PING")).toBe("PONG");
});

testWithRedis.each(["cut", "blackHole"] as const)(
  "%s: operations end, the link falls, and comes back within 2 s",
  async (fault) => {
    await using server = await RedisServer.start();
    await using proxy = await FaultProxy.start(server.port);
    await using watched = await Watched.open(`redis://127.0.0.1:${proxy.port}`);
    await watched.link.settled(1000);
    proxy[fault]();
    const kinds = await Promise.all(
      [1, 2, 3].map(async () => (await within(watched.failure(watched.link.call("PING")), 1000)).kind),
    );
    expect(kinds).not.toContain("down");
    await watched.is("down");
    expect((await watched.failure(watched.link.call("PING"))).kind).toBe("down");
    proxy.heal();
    await within(watched.is("up"), 2000);
    expect(await watched.link.call("PING")).toBe("PONG");
  },
);

testWithRedis("what a slow Redis did late is not done again", async () => {
  await using server = await RedisServer.start();
  await using proxy = await FaultProxy.start(server.port);
  await using watched = await Watched.open(`redis://127.0.0.1:${proxy.port}`);
  const { link } = watched;
  await link.settled(1000);
  await link.script(count, ["late"], [1]);
  proxy.delay(400);
  expect((await watched.failure(link.script(count, ["late"], [1]))).kind).toBe("timeout");
  proxy.delay(0);
  await expect.poll(() => server.client.get("t:late")).toBe("2");
  await expect.poll(() => link.call("GET", "late").catch(() => undefined)).toBe("2");
});

testWithRedis("a server that is killed is found again, empty", async () => {
  await using own = await RedisServer.start();
  await using watched = await Watched.open(own.url);
  await watched.link.settled(1000);
  await watched.link.call("SET", "a", "1");
  await own.kill();
  await watched.is("down");
  await own.run();
  await within(watched.is("up"), 2000);
  expect(await watched.link.call("GET", "a")).toBeNull();
});

testWithRedis("a server that stands still is given up until it goes on", async () => {
  await using own = await RedisServer.start();
  await using watched = await Watched.open(own.url);
  await watched.link.settled(1000);
  own.suspend();
  for (let i = 0; i < 3; i++) expect((await watched.failure(watched.link.call("PING"))).kind).toBe("timeout");
  await watched.is("down");
  own.continue();
  await within(watched.is("up"), 2000);
});

testWithRedis("an error of Redis is told by its first word, and three take the link down", async () => {
  await using server = await RedisServer.start();
  await using watched = await Watched.open(server.url);
  const { link } = watched;
  await link.settled(1000);
  await link.call("SET", "text", "x");
  for (let i = 0; i < 3; i++) {
    expect(await watched.failure(link.call("LPUSH", "text", "x"))).toMatchObject({
      kind: "reply",
      word: "WRONGTYPE",
    });
  }
  expect(watched.states).toEqual([undefined, "WRONGTYPE"]);
});

testWithRedis("a wrong password is told without it, and the right one is used", async () => {
  await using own = await RedisServer.start(["--requirepass", "s3cret/@"]);
  await using wrong = await Watched.open(`redis://default:wr0ng@127.0.0.1:${own.port}`);
  await wrong.link.settled(1000);
  const failure = await wrong.failure(wrong.link.call("PING"));
  expect(failure).toMatchObject({ kind: "down", word: "WRONGPASS" });
  expect(JSON.stringify([failure, failure.message, failure.stack, wrong.states])).not.toMatch(/wr0ng/);
  await using right = await Watched.open(`redis://default:s3cret%2F%40@127.0.0.1:${own.port}/3`);
  await right.link.settled(1000);
  expect(await right.link.call("SET", "a", "1")).toBe("OK");
});

test.each([
  ["garbage", (port: number) => `redis://127.0.0.1:${port}`, "HTTP/1.1 400 Bad Request\r\n\r\n"],
  ["no TLS", (port: number) => `rediss://localhost:${port}`, "-ERR no TLS here\r\n"],
])("a port that does not speak Redis is down: %s", async (_, url, answer) => {
  await using port = await ScriptedUpstream.start(async (connection) => {
    await connection.bytes();
    await connection.write(answer);
  });
  await using watched = await Watched.open(url(port.port));
  await watched.link.settled(1000);
  expect((await watched.failure(watched.link.call("PING"))).kind).toBe("down");
});

import { Client } from "undici";
import { expect, test } from "vitest";
import type { Controller, Handler } from "../../src/upstream/carrier.ts";
import { Connections } from "../../src/upstream/connections.ts";
import type { Head } from "../../src/upstream/head.ts";
import { headingOf } from "../../src/upstream/line.ts";
import { type Script, ScriptedUpstream } from "../support/scripted-upstream.ts";

/** Hears one request to its end. */
class Listener implements Handler {
  readonly heads: [status: number, requestId: unknown][] = [];
  body = "";
  error: unknown;
  controller: Controller | undefined;
  /** Stops reading with each piece. */
  readonly pauses: boolean;
  readonly ended = Promise.withResolvers<this>();
  readonly begun = Promise.withResolvers<void>();

  constructor(pauses = false) {
    this.pauses = pauses;
  }

  onRequestStart(controller: Controller): void {
    this.controller = controller;
  }

  onResponseStart(_controller: Controller, status: number, head: Head): void {
    this.heads.push([status, head.get("x-request-id")]);
    this.begun.resolve();
  }

  onResponseData(controller: Controller, bytes: Buffer): void {
    this.body += bytes.toString();
    if (this.pauses) controller.pause();
  }

  onResponseEnd(): void {
    this.ended.resolve(this);
  }

  onResponseError(_controller: Controller, error: Error): void {
    this.error = error;
    this.ended.resolve(this);
  }
}

const options = { allowH2: false, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 };
const answering: Script = async (connection) => {
  for (;;) {
    const { body } = await connection.request();
    if (body !== "hang") await connection.respond(200, body);
  }
};

async function stage(script: Script = answering) {
  const provider = await ScriptedUpstream.start(script);
  const connections = new Connections(provider.url, options);
  const send = (body: string, listener = new Listener()): Listener => {
    connections.send({ path: "/v1", heading: headingOf(provider.url, {}), body }, listener);
    return listener;
  };
  return {
    provider,
    connections,
    send,
    [Symbol.asyncDispose]: async () => {
      await connections.close();
      await provider[Symbol.asyncDispose]();
    },
  };
}

test("one connection carries one request after the other, and as many as there are at once", async () => {
  await using at = await stage();
  for (const body of ["one", "two"]) expect((await at.send(body).ended.promise).body).toBe(body);
  expect(at.provider.connections.length).toBe(1);
  await Promise.all([at.send("three"), at.send("four")].map(({ ended }) => ended.promise));
  expect([at.provider.connections.length, at.provider.requests.length]).toEqual([2, 4]);
});

test("a request that is sent as another ends goes over the connection that is free", async () => {
  await using at = await stage();
  const first = new Listener();
  const next = new Listener();
  first.onResponseEnd = () => void at.send("next", next);
  at.send("first", first);
  expect((await next.ended.promise).body).toBe("next");
  expect(at.provider.connections.length).toBe(1);
});

test("a fresh connection carries one request and is closed, and the others stay", async () => {
  await using at = await stage();
  await at.send("one").ended.promise;
  const listener = new Listener();
  at.connections.sendFresh({ path: "/v1", heading: headingOf(at.provider.url, {}), body: "two" }, listener);
  expect((await listener.ended.promise).body).toBe("two");
  await at.provider.connections[1]?.closed;
  await at.send("three").ended.promise;
  expect(at.provider.connections.map(({ isClosed }) => isClosed)).toEqual([false, true]);
});

test("a connection that was given up is not the next to be used", async () => {
  await using at = await stage();
  const hanging = at.send("hang");
  await at.send("one").ended.promise;
  await expect.poll(() => at.provider.requests.length).toBe(2);
  const reason = new Error("enough");
  hanging.controller?.abort(reason);
  expect((await hanging.ended.promise).error).toBe(reason);
  await at.send("two").ended.promise;
  expect(at.provider.connections.length).toBe(2);
});

test("a connection that the provider closes is opened again", async () => {
  await using at = await stage(async (connection) => {
    await connection.request();
    await connection.respond(200, "{}", { connection: "close" });
    connection.end();
  });
  for (const body of ["one", "two"]) expect((await at.send(body).ended.promise).body).toBe("{}");
  expect(at.provider.connections.length).toBe(2);
});

test("a request that is sent as another fails to connect fails by itself", async () => {
  const gone = await ScriptedUpstream.start(() => undefined);
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  const connections = new Connections(url, options);
  const send = (listener: Listener): void =>
    connections.send({ path: "/v1", heading: headingOf(url, {}), body: "{}" }, listener);
  const first = new Listener();
  const next = new Listener();
  first.onResponseError = (_controller, error) => {
    first.error = error;
    send(next);
  };
  send(first);
  await next.ended.promise;
  for (const { error } of [first, next]) expect(error).toMatchObject({ code: "ECONNREFUSED" });
  await connections.close();
});

test.each([
  ["is closed after it", { connection: "close" }],
  ["stays open", {}],
])("a request that is given up with its last piece ends once, if its connection %s", async (_name, headers) => {
  await using at = await stage(async (connection) => {
    for (;;) await connection.respond(200, (await connection.request()).body, headers);
  });
  const given = new Listener();
  const heard: string[] = [];
  given.onResponseData = (controller) => controller.abort(new Error("enough"));
  given.onResponseEnd = () => heard.push("end");
  given.onResponseError = (_controller, { message }) => {
    heard.push(message);
    given.ended.resolve(given);
  };
  at.send("given up", given);
  await given.ended.promise;
  for (const { ended } of ["one", "two"].map((body) => at.send(body))) {
    expect((await ended.promise).error).toBeUndefined();
  }
  expect(heard).toEqual(["enough"]);
  expect(at.provider.connections.length).toBe(3);
});

test.each(["onRequestStart", "onResponseStart", "onResponseData"] as const)(
  "what a handler throws in %s fails its request and no other",
  async (method) => {
    await using at = await stage();
    const broken = new Listener();
    broken[method] = () => {
      throw new TypeError("a mistake");
    };
    expect((await at.send("one", broken).ended.promise).error).toMatchObject({ message: "a mistake" });
    expect((await at.send("two").ended.promise).body).toBe("two");
  },
);

test("heads, pieces and pauses are told as they come", async () => {
  await using at = await stage(async (connection) => {
    await connection.request();
    await connection.write("HTTP/1.1 103 Early Hints\r\nx-request-id: hint\r\n\r\n");
    await connection.beginEvents({ "X-Request-Id": "r1" });
    await connection.chunk("a", "b", "c");
    await connection.write("0\r\nx-trailer: t\r\n\r\n");
  });
  const listener = at.send("", new Listener(true));
  for (const body of ["a", "ab", "abc"]) {
    await expect.poll(() => listener.body).toBe(body);
    listener.controller?.resume();
  }
  const { heads, error } = await listener.ended.promise;
  expect([heads, error]).toEqual([
    [
      [103, "hint"],
      [200, "r1"],
    ],
    undefined,
  ]);
});

test("a request that has ended does not let another's answer go on", async () => {
  const end = Promise.withResolvers<void>();
  await using at = await stage(async (connection) => {
    await connection.request();
    await connection.beginEvents();
    await end.promise;
    await connection.lastChunk();
    await connection.request();
    await connection.beginEvents();
    await connection.chunk("a", "b", "c");
    await connection.lastChunk();
  });
  const first = at.send("first");
  await first.begun.promise;
  first.controller?.pause();
  end.resolve();
  await first.ended.promise;
  const second = at.send("second", new Listener(true));
  await expect.poll(() => second.body).toBe("a");
  first.controller?.resume();
  const bodies = [second.body];
  while (!second.body.endsWith("c")) {
    const { length } = second.body;
    second.controller?.resume();
    await expect.poll(() => second.body.length).toBeGreaterThan(length);
    bodies.push(second.body);
  }
  second.controller?.resume();
  await second.ended.promise;
  expect(bodies).toEqual(["a", "ab", "abc"]);
});

test.each([
  ["a path that would end the line", "/v1\r\nhost: other"],
  ["a path with a space", "/v1 HTTP/1.1"],
  ["a path that is an address", "other"],
])("%s is not sent", async (_name, path) => {
  await using at = await stage();
  const listener = new Listener();
  at.connections.send({ path, heading: headingOf(at.provider.url, {}), body: "{}" }, listener);
  expect((await listener.ended.promise).error).toMatchObject({ code: "UND_ERR_INVALID_ARG" });
  expect(at.provider.connections.length).toBe(0);
});

test.each([{ "x-a": "1\r\nx-b: 2" }, { "x a": "1" }, { "transfer-encoding": "chunked" }])(
  "headers that cannot be sent are refused: %j",
  (headers) => {
    expect(() => headingOf("http://localhost", headers)).toThrow(
      expect.objectContaining({ code: "UND_ERR_INVALID_ARG" }),
    );
  },
);

test("nothing is sent once the connections are being closed, and what is under way ends", async () => {
  await using at = await stage();
  const first = at.send("first");
  const closing = at.connections.close();
  expect((await at.send("late").ended.promise).error).toMatchObject({ code: "UND_ERR_CLOSED" });
  expect((await first.ended.promise).body).toBe("first");
  await closing;
});

test("a request leaves as undici would send it", async () => {
  const sent: string[] = [];
  await using provider = await ScriptedUpstream.start((connection) => {
    connection.socket.on("data", (bytes) => sent.push(bytes.toString()));
  });
  const headers = { "content-type": "application/json", Authorization: "Bearer é", host: "api.example", "x-n": "" };
  const body = '{"text":"Grüße ✓"}';
  await using at = { connections: new Connections(provider.url, options), [Symbol.asyncDispose]: async () => {} };
  const ours = new Listener();
  at.connections.send({ path: "/v1/a%20b?c=~", heading: headingOf(provider.url, headers), body }, ours);
  const client = new Client(provider.url, options);
  const theirs = client.request({ method: "POST", path: "/v1/a%20b?c=~", headers, body }).catch(() => undefined);
  await expect.poll(() => sent.length).toBe(2);
  expect(sent[0]).toBe(sent[1]);
  expect(sent[0]?.split("\r\n")[0]).toBe("POST /v1/a%20b?c=~ HTTP/1.1");
  ours.controller?.abort(new Error("enough"));
  await client.destroy();
  await theirs;
});

import { once } from "node:events";
import { Agent, type IncomingMessage, request as requestHttp1 } from "node:http";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { Edge } from "./edge.ts";
import { goaway, headers, pinged, RawCaller, resetStream } from "./raw-caller.ts";

const checkPath = "/grpc.health.v1.Health/Check";

function open(edge: Edge): Socket {
  return connect(edge.port, "127.0.0.1").on("error", () => undefined);
}

test("drains: streams end whole, sessions get GOAWAY, nobody new comes in", async () => {
  await using edge = await Edge.start();
  const idle = connectHttp2(edge.url);
  await once(idle, "remoteSettings");
  const idleGoaway = once(idle, "goaway");
  const session = connectHttp2(edge.url);
  const goaway = once(session, "goaway");
  const closed = Promise.all([once(idle, "close"), once(session, "close")]);
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Watch",
    "content-type": "application/grpc",
  });
  stream.end(Buffer.from("\0\0\0\0\x06\x0a\x04held"));
  const body = buffer(stream);
  await once(stream, "response");
  expect([edge.listener.sessionsOpen, edge.listener.streamsOpen]).toEqual([2, 1]);

  const left = edge.listener.beginDrain();
  expect((await idleGoaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
  expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
  await expect(once(connect(edge.port, "127.0.0.1"), "connect")).rejects.toThrow(/ECONNREFUSED/);
  await left;
  expect(await edge.listener.drained(10)).toBe(false);

  edge.events.emit("release");
  expect(await body).toEqual(Buffer.from([0, 0, 0, 0, 2, 8, Status.SERVING, 0, 0, 0, 0, 2, 8, Status.NOT_SERVING]));
  expect(await edge.listener.drained(5000)).toBe(true);
  await closed;
  expect(edge.listener.streamsOpen).toBe(0);
});

test("while draining serves the streams that are on their way, and only then takes no more", async () => {
  await using edge = await Edge.start();
  const caller = await RawCaller.to(edge.port);
  const left = edge.listener.beginDrain();
  const [first, ping] = [await caller.frame(goaway), await caller.frame(pinged)];
  expect(first.payload.readUInt32BE(0)).toBe(2 ** 31 - 1);
  // It had not heard of it when it sent this.
  caller.open(1);
  caller.answer(ping);
  const last = await caller.frame(goaway);
  expect(last.payload.readUInt32BE(0)).toBe(1);
  await left;
  caller.open(3);
  expect((await caller.frame(headers)).stream).toBe(1);
  caller.end();
  await caller.closed;
  expect(caller.frames.filter(({ stream }) => stream === 3)).toEqual([]);
});

test("drains HTTP/1.1: idle connections close, answers say that they are the last", async () => {
  await using edge = await Edge.start();
  const agent = new Agent({ keepAlive: true });
  const idle = open(edge);
  idle.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(idle, "data");
  const idleClosed = once(idle, "close");
  const entered = once(edge.events, "entered");
  const request = requestHttp1({
    agent,
    port: edge.port,
    host: "127.0.0.1",
    path: checkPath,
    method: "POST",
    headers: { "content-type": "application/json" },
  });
  request.end('{"service":"deaf"}');
  await entered;
  await edge.listener.beginDrain();
  await idleClosed;
  edge.events.emit("release");
  const [response] = (await once(request, "response")) as [IncomingMessage];
  expect([response.statusCode, response.headers.connection]).toEqual([200, "close"]);
  response.resume();
  expect(await edge.listener.drained(5000)).toBe(true);
  agent.destroy();
});

test("lets callers read the last of their answers before it closes their connections", async () => {
  await using edge = await Edge.start({
    onStream: (stream) => {
      stream.respond({ ":status": 200 });
      stream.end("x");
      return { closed: () => undefined };
    },
  });
  const [prompt, slow] = [await RawCaller.to(edge.port), await RawCaller.to(edge.port)];
  const left = edge.listener.beginDrain();
  for (const caller of [prompt, slow]) {
    caller.answer(await caller.frame(pinged));
    await caller.frame(goaway);
  }
  await left;
  prompt.end();
  await prompt.closed;
  expect(edge.listener.connectionsOpen).toBe(1);
  await edge.listener.ended(1);
  expect(edge.listener.connectionsOpen).toBe(1);
  slow.end();
  await edge.listener.ended(60_000);
  expect(edge.listener.connectionsOpen).toBe(0);
});

test("refuses a stream only before anybody has seen it", async () => {
  const seen: (number | undefined)[] = [];
  await using edge = await Edge.start({
    limits: { streamsPerConnectionMax: 1 },
    onStream: ({ id }) => {
      seen.push(id);
      return { closed: () => undefined };
    },
  });
  const caller = await RawCaller.to(edge.port);
  caller.open(1);
  caller.open(3);
  const { stream, payload } = await caller.frame(resetStream);
  expect([stream, payload.readUInt32BE(0)]).toEqual([3, constants.NGHTTP2_REFUSED_STREAM]);
  expect(seen).toEqual([1]);
  caller.end();
});

import { once } from "node:events";
import { connect as connectHttp2, constants, type ServerHttp2Stream } from "node:http2";
import { connect, type Socket } from "node:net";
import { buffer, text } from "node:stream/consumers";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { credentials, Client as GrpcClient, Metadata, status } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { Edge, startListener } from "./edge.ts";

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const checkPath = "/grpc.health.v1.Health/Check";

function open(edge: Edge): Socket {
  return connect(edge.port, "127.0.0.1").on("error", () => undefined);
}

test("serves @grpc/grpc-js", async () => {
  await using edge = await Edge.start();
  const client = new GrpcClient(`127.0.0.1:${edge.port}`, credentials.createInsecure());
  const identity = (bytes: Buffer): Buffer => bytes;
  const call = (path: string, message: Buffer) =>
    new Promise((resolve) =>
      client.makeUnaryRequest(path, identity, identity, message, new Metadata(), (error, value) =>
        resolve(error ?? value),
      ),
    );
  expect(await call(checkPath, Buffer.alloc(0))).toEqual(Buffer.from([8, Status.SERVING]));
  expect(await call(checkPath, Buffer.from("\x0a\x03bug"))).toMatchObject({ code: status.INTERNAL });
  expect(await call("/a.B/C", Buffer.alloc(0))).toMatchObject({
    code: status.UNIMPLEMENTED,
    details: expect.stringMatching(/no such rpc/),
  });
  client.close();
});

test("recognises HTTP/2 however its first bytes are cut", async () => {
  await using edge = await Edge.start();
  const socket = open(edge).setNoDelay(true);
  for (const byte of preface) await new Promise((resolve) => socket.write(byte, resolve));
  socket.write(emptySettings);
  const [frame] = (await once(socket, "data")) as [Buffer];
  expect(frame[3]).toBe(4);
  socket.destroy();
});

test.each([
  ["nothing", ""],
  ["half a preface", preface.slice(0, 9)],
  ["a preface without settings", preface],
  ["half a request", "POST / HTTP/1.1\r\nhost:"],
])("closes a connection that brings %s", async (_, bytes) => {
  await using edge = await Edge.start({ limits: { headerTimeoutMs: 50 } });
  const socket = open(edge).resume();
  socket.write(bytes);
  await once(socket, "close");
});

test("survives callers that send garbage, hang up early, or reset", async () => {
  await using edge = await Edge.start();
  for (const bytes of [
    "\x00\xff\x16\x03",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nno frames at all, only text",
    `${preface}\x00\x00\x01`,
  ]) {
    const socket = open(edge);
    socket.end(bytes);
    await buffer(socket).catch(() => undefined);
  }
  for (const bytes of ["", "PRI *", "POST /", preface]) {
    const socket = open(edge);
    await once(socket, "connect");
    if (bytes !== "") await new Promise((resolve) => socket.write(bytes, resolve));
    socket.resetAndDestroy();
  }
  const client = createClient(Health, createGrpcTransport({ baseUrl: edge.url }));
  expect((await client.check({})).status).toBe(Status.SERVING);
});

test("refuses headers above 16 KiB on both versions", async () => {
  await using edge = await Edge.start();
  const socket = open(edge);
  socket.write(`GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1.1 431 /);
  const session = connectHttp2(edge.url);
  await once(session, "remoteSettings");
  await new Promise((resolve) => session.ping(resolve));
  const stream = session.request({ ":path": "/", x: "y".repeat(20_000) });
  await expect(once(stream, "response")).rejects.toThrow(/ENHANCE_YOUR_CALM/);
  session.destroy();
});

test("keeps the number of connections below its limit", async () => {
  await using edge = await Edge.start({ limits: { connectionsMax: 1 } });
  const first = open(edge);
  await once(first, "connect");
  const second = open(edge).resume();
  await once(second, "close");
  expect(edge.listener.connectionsOpen).toBe(1);
  first.destroy();
});

const taker = { closed: () => undefined };

test("offers each HTTP/2 stream first, and answers those not taken", async () => {
  await using edge = await Edge.start({
    onStream: (stream, { ":path": path }) => {
      if (path === "/broken") throw new TypeError("canary");
      if (path !== "/taken") return undefined;
      stream.respond({ ":status": 204 }, { endStream: true });
      return taker;
    },
  });
  const session = connectHttp2(edge.url);
  const [taken] = (await once(session.request({ ":path": "/taken" }), "response")) as [Record<string, unknown>];
  expect(taken[":status"]).toBe(204);
  const [left] = (await once(session.request({ ":path": "/" }), "response")) as [Record<string, unknown>];
  expect(left[":status"]).toBe(200);
  await expect(once(session.request({ ":path": "/broken" }), "response")).rejects.toThrow(/INTERNAL_ERROR/);
  session.destroy();
});

test("tells a caller that only opens and resets streams to calm down, and spares one that cancels now and then", async () => {
  await using edge = await Edge.start({ onStream: () => taker, limits: { streamsPerConnectionMax: 5000 } });
  const session = connectHttp2(edge.url);
  session.on("error", () => undefined);
  await once(session, "remoteSettings");
  const reset = (): void => {
    session
      .request({ ":path": "/" })
      .on("error", () => undefined)
      .close(constants.NGHTTP2_CANCEL);
  };
  for (let count = 0; count < 900; count++) reset();
  await new Promise((resolve) => session.ping(resolve));
  expect(session.destroyed).toBe(false);
  const goaway = once(session, "goaway");
  for (let count = 0; count < 3000; count++) reset();
  expect((await goaway)[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

test("resets a stream whose caller does not read, over HTTP/2", async () => {
  await using edge = await Edge.start({ limits: { writeStallMs: 50 } });
  const session = connectHttp2(edge.url, { settings: { initialWindowSize: 0 } });
  const stream = session.request({ ":method": "POST", ":path": checkPath, "content-type": "application/json" });
  stream.end("{}");
  await once(stream, "close");
  expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  session.destroy();
});

test("closes a connection whose caller does not read, over HTTP/1.1", async () => {
  const closed = Promise.withResolvers<void>();
  const { listener, port } = await startListener({ writeStallMs: 50 }, (_, response) => {
    response.once("close", () => closed.resolve());
    response.end(Buffer.alloc(64 * 1024 * 1024));
  });
  const socket = connect(port, "127.0.0.1").pause();
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await closed.promise;
  socket.destroy();
  await listener.closeNow();
});

test("a handler that is only slow is no stall", async () => {
  const answer = Promise.withResolvers<void>();
  const { listener, port } = await startListener({ writeStallMs: 10 }, (request, response) => {
    let timeouts = 0;
    request.socket.on("timeout", () => {
      if (++timeouts === 3) response.end("late");
    });
    response.once("close", () => answer.resolve());
  });
  const socket = connect(port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  expect(await text(socket)).toMatch(/late/);
  await answer.promise;
  await listener.closeNow();
});

test("cuts everything off when it must", async () => {
  const edge = await Edge.start();
  const entered = once(edge.events, "entered");
  const client = createClient(Health, createGrpcTransport({ baseUrl: edge.url }));
  const call = client.check({ service: "deaf" }).then(
    () => "answered",
    () => "cut",
  );
  const idle = open(edge);
  const idleClosed = once(idle, "close");
  const [signal] = (await entered) as [AbortSignal];
  await edge.listener.closeNow();
  expect(await call).toBe("cut");
  await idleClosed;
  expect(signal.reason).toMatchObject({ reason: "CANCELLED" });
  expect([edge.listener.connectionsOpen, edge.listener.sessionsOpen, edge.listener.streamsOpen]).toEqual([0, 0, 0]);
  edge.events.emit("release");
});

test("asks an HTTP/2 connection to leave at its age; its calls go on", async () => {
  const opened = Promise.withResolvers<ServerHttp2Stream>();
  await using edge = await Edge.start({
    limits: { connectionAgeMs: 1 },
    onStream: (stream) => {
      opened.resolve(stream);
      return taker;
    },
  });
  const session = connectHttp2(edge.url);
  const goaway = once(session, "goaway");
  const stream = session.request({ ":path": "/" });
  const [served] = await Promise.all([opened.promise, goaway]);
  served.respond({ ":status": 200 });
  served.end("whole");
  expect(await text(stream)).toBe("whole");
  if (!session.destroyed) await once(session, "close");
});

test("answers an HTTP/1.1 connection of that age for the last time", async () => {
  const { listener, port } = await startListener({ connectionAgeMs: 1 }, (_, response) => response.end("ok"));
  const socket = connect(port, "127.0.0.1");
  const ask = () => socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  let answers = "";
  socket.on("data", (bytes) => {
    answers += String(bytes);
    if (!answers.includes("onnection: close")) ask();
  });
  ask();
  await once(socket, "close");
  expect(answers.indexOf("onnection: keep-alive")).toBeGreaterThan(-1);
  expect(answers.indexOf("onnection: keep-alive")).toBeLessThan(answers.indexOf("onnection: close"));
  await listener.closeNow();
});

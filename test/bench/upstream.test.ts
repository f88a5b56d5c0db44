import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { answerEvents, wholeAnswer } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { rawTarget } from "./target.ts";
import { Upstream } from "./upstream-process.ts";
import { upstreamFile } from "./wire.ts";

test.each(["C", "TypeScript"] as const)(
  "the upstream in %s answers every shape with all its bytes",
  async (language) => {
    const upstream = await Upstream.start(undefined, [language, "TypeScript"]);
    try {
      const caller = callerOf(rawTarget(upstream.url));
      for (const shape of ["unary", "burst", "paced"] as const) {
        await upstream.answer(shape);
        await Promise.all(Array.from({ length: 20 }, () => caller.call(shape)));
      }
      await upstream.answer("silent");
      (await caller.hold()).leave();
      await upstream.answer("unary");
      await caller.call("unary");
    } finally {
      await upstream.child.stop();
    }
  },
);

test.each([
  { how: "in one piece", pieces: ["POST / HTTP/1.1\r\nhost: h\r\nContent-Length: 4\r\n\r\nbody"] },
  { how: "cut", pieces: ["POST / HTTP/1.1\r\nhost: h\r\ncontent-le", "ngth: 4\r\n\r", "\nbo", "dy"] },
  {
    how: "in chunks",
    pieces: ["POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0", "\r\n\r\n"],
  },
  { how: "without a body", pieces: ["GET / HTTP/1.1\r\nhost: h\r\n\r\n"] },
])("a request $how is answered once", async ({ pieces }) => {
  const upstream = await Upstream.start(undefined);
  try {
    const socket = connect(Number(new URL(upstream.url).port), "127.0.0.1").setNoDelay();
    await once(socket, "connect");
    let text = "";
    let answered = Promise.withResolvers<void>();
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      if (text.endsWith("}")) answered.resolve();
    });
    for (let call = 0; call < 2; call++) {
      for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
      await answered.promise;
      answered = Promise.withResolvers();
    }
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(text.split(wholeAnswer.toString("latin1"))).toHaveLength(3);
    socket.destroy();
  } finally {
    await upstream.child.stop();
  }
});

test("the file for the program has each event as a chunk of HTTP", () => {
  const file = upstreamFile();
  const count = file.readUInt32LE(0);
  expect(count).toBe(answerEvents.length + 3);
  let at = 4 + 4 * count;
  const pieces = Array.from({ length: count }, (_, i) => {
    const piece = file.subarray(at, at + file.readUInt32LE(4 + 4 * i));
    at += piece.length;
    return piece.toString("latin1");
  });
  expect(at).toBe(file.length);
  expect(pieces[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n.*content-length: \d+\r\n\r\n\{/s);
  const [, event] = answerEvents;
  expect(pieces[3]).toBe(`${event?.length.toString(16)}\r\n${event}\r\n`);
  expect(pieces.at(-1)).toBe("0\r\n\r\n");
});

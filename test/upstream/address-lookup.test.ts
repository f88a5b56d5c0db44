import { createSocket, type Socket } from "node:dgram";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { addressLookup } from "../../src/upstream/address-lookup.ts";

const never = new AbortController().signal;
/** Types of DNS records. */
const [a, aaaa] = [1, 28];

/** A name server that answers a question of a type with one record, or with "no such name"; it ignores what has no entry. */
class NameServer implements AsyncDisposable {
  readonly #socket: Socket = createSocket("udp4");
  readonly questions: number[] = [];
  readonly asked = Promise.withResolvers<void>();

  static async start(records: ReadonlyMap<number, readonly number[] | "none">): Promise<NameServer> {
    const server = new NameServer();
    server.#socket.on("message", (question, from) => {
      const type = question.readUInt16BE(question.indexOf(0, 12) + 1);
      server.questions.push(type);
      server.asked.resolve();
      const record = records.get(type);
      if (record !== undefined) server.#socket.send(answerTo(question, type, record), from.port, from.address);
    });
    await new Promise<void>((resolve) => server.#socket.bind(0, "127.0.0.1", resolve));
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#socket.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

function answerTo(question: Buffer, type: number, record: readonly number[] | "none"): Buffer {
  const end = question.indexOf(0, 12) + 5;
  const head = Buffer.from(question.subarray(0, end));
  head.writeUInt16BE(record === "none" ? 0x8183 : 0x8180, 2);
  head.fill(0, 6, 12);
  if (record === "none") return head;
  head.writeUInt16BE(1, 6);
  const meta = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, record.length]);
  return Buffer.concat([head, meta, Buffer.from(record)]);
}

const v6 = [0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

test("addresses of both families are found", async () => {
  await using server = await NameServer.start(
    new Map([
      [a, [8, 8, 4, 4]],
      [aaaa, v6],
    ]),
  );
  const lookup = addressLookup({ timeoutMs: 5_000, servers: [server.address] });
  expect(await lookup("pictures.example", never)).toEqual(["8.8.4.4", "2a00::1"]);
  expect(server.questions.sort()).toEqual([a, aaaa]);
});

test("one family is enough, and none is none", async () => {
  await using server = await NameServer.start(
    new Map<number, readonly number[] | "none">([
      [a, "none"],
      [aaaa, v6],
    ]),
  );
  await using empty = await NameServer.start(
    new Map<number, readonly number[] | "none">([
      [a, "none"],
      [aaaa, "none"],
    ]),
  );
  const ask = (address: string) => addressLookup({ timeoutMs: 5_000, servers: [address] })("pictures.example", never);
  expect(await ask(server.address)).toEqual(["2a00::1"]);
  expect(await ask(empty.address)).toEqual([]);
});

test("a server that never answers is waited for only so long, or until the caller leaves", async () => {
  await using server = await NameServer.start(new Map());
  const lookup = (timeoutMs: number, signal: AbortSignal) =>
    addressLookup({ timeoutMs, servers: [server.address] })("pictures.example", signal);
  expect(await lookup(20, never)).toEqual([]);
  const leaving = new AbortController();
  const left = lookup(600_000, leaving.signal);
  await server.asked.promise;
  leaving.abort();
  expect(await left).toEqual([]);
});

test("nothing is asked for somebody who has left already", async () => {
  await using server = await NameServer.start(new Map());
  const lookup = addressLookup({ timeoutMs: 60_000, servers: [server.address] });
  expect(await lookup("pictures.example", AbortSignal.abort())).toEqual([]);
  expect(server.questions).toEqual([]);
});

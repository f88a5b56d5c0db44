import { expect, test } from "vitest";
import { addressLookup } from "../../src/upstream/address-lookup.ts";
import { a, aaaa, NameServer } from "../support/name-server.ts";

const never = new AbortController().signal;
const v6 = [0x2a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

test("addresses of both families are found", async () => {
  await using server = await NameServer.start((_name, type) => (type === a ? [8, 8, 4, 4] : v6));
  const lookup = addressLookup({ timeoutMs: 5_000, servers: [server.address] });
  expect(await lookup("pictures.example", never)).toEqual(["8.8.4.4", "2a00::1"]);
  expect(server.questions.map(({ type }) => type).sort()).toEqual([a, aaaa]);
});

test("one family is enough, and none is none", async () => {
  await using server = await NameServer.start((_name, type) => (type === a ? "none" : v6));
  await using empty = await NameServer.start(() => "none");
  const ask = (address: string) => addressLookup({ timeoutMs: 5_000, servers: [address] })("pictures.example", never);
  expect(await ask(server.address)).toEqual(["2a00::1"]);
  expect(await ask(empty.address)).toEqual([]);
});

test("a server that never answers is waited for only so long, or until the caller leaves", async () => {
  await using server = await NameServer.start(() => undefined);
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
  await using server = await NameServer.start(() => undefined);
  const lookup = addressLookup({ timeoutMs: 60_000, servers: [server.address] });
  expect(await lookup("pictures.example", AbortSignal.abort())).toEqual([]);
  expect(server.questions).toEqual([]);
});

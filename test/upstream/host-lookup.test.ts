import type { LookupAddress } from "node:dns";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connectionCause } from "../../src/upstream/connection-fault.ts";
import { HostLookup } from "../../src/upstream/host-lookup.ts";
import { a, type NameRecord, NameServer } from "../support/name-server.ts";

const timeoutMs = 2000;
const publicAddress = [8, 8, 4, 4];
const fourOnly = (address: readonly number[]) => (_name: string, type: number) =>
  type === a ? address : ("empty" as const);

/** All addresses, as a connection asks for them; rejects with the code of the error. */
function addressesOf({ lookup }: HostLookup): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup("ignored", { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve((found as LookupAddress[]).map(({ address }) => address));
    });
  });
}

test("connections that are opened at once are one question for each family", async () => {
  await using server = await NameServer.start(fourOnly(publicAddress));
  const host = new HostLookup("up.invalid", { timeoutMs, servers: [server.address] });
  const found = await Promise.all(Array.from({ length: 5 }, () => addressesOf(host)));
  expect(found).toEqual(Array(5).fill(["8.8.4.4"]));
  expect(server.questions.length).toBe(2);
  await addressesOf(host);
  expect(server.questions.length).toBe(4);
});

test("a connection that wants one address gets one, with its family", async () => {
  await using server = await NameServer.start((_name, type) =>
    type === a ? "empty" : [0x2a, ...Array(14).fill(0), 1],
  );
  const { lookup } = new HostLookup("up.invalid", { timeoutMs, servers: [server.address] });
  const found = await new Promise((resolve) => lookup("", {}, (...told) => resolve(told)));
  expect(found).toEqual([null, "2a00::1", 6]);
});

test.each<[string, NameRecord]>([
  ["does not exist", "none"],
  ["has no address", "empty"],
  ["the server fails for", "failed"],
  ["nobody answers for", undefined],
])("U23: a name that %s fails as one without an address", async (_what, record) => {
  await using server = await NameServer.start(() => record);
  const host = new HostLookup("up.invalid", { timeoutMs: 150, servers: [server.address] });
  const error = await addressesOf(host).catch((thrown: Error) => thrown);
  expect(error instanceof Error && connectionCause(error)).toBe("dns");
});

test("U23: a public name is refused when it turns private, and used when it is public again", async () => {
  let address = publicAddress;
  await using server = await NameServer.start((name, type) => fourOnly(address)(name, type));
  const host = new HostLookup("up.invalid", { timeoutMs, servers: [server.address] });
  expect(await addressesOf(host)).toEqual(["8.8.4.4"]);
  for (const flipped of [
    [127, 0, 0, 1],
    [10, 0, 0, 1],
    [169, 254, 169, 254],
  ]) {
    address = flipped;
    await expect(addressesOf(host)).rejects.toMatchObject({ code: "PRIVATE_ADDRESS" });
  }
  address = publicAddress;
  expect(await addressesOf(host)).toEqual(["8.8.4.4"]);
});

test("what the hosts file names, and what has no domain, is asked of the system only", async () => {
  await using server = await NameServer.start(fourOnly(publicAddress));
  const directory = await mkdtemp(join(tmpdir(), "llmhub-hosts-"));
  try {
    const hostsFile = join(directory, "hosts");
    await writeFile(hostsFile, "# other.invalid\n127.0.0.1 localhost\n10.0.0.1\tlisted up.invalid # for us\n");
    const options = { timeoutMs: 5000, servers: [server.address], hostsFile };
    expect(await addressesOf(new HostLookup("other.invalid", options))).toEqual(["8.8.4.4"]);
    const asked = server.questions.length;
    await expect(addressesOf(new HostLookup("up.invalid", options))).rejects.toThrow();
    const local = await addressesOf(new HostLookup("localhost", options));
    expect(local.length).toBeGreaterThan(0);
    expect(server.questions.length).toBe(asked);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

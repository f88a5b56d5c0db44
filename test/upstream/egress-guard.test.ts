import { expect, test } from "vitest";
import { EgressGuard, pinned } from "../../src/upstream/egress-guard.ts";

const never = new AbortController().signal;
const names: Readonly<Record<string, readonly string[]>> = {
  "public.example": ["8.8.8.8", "2a00::1"],
  "private.example": ["10.0.0.1"],
  "both.example": ["8.8.8.8", "10.0.0.1"],
  "six.example": ["2a00::1", "fd00::1"],
  "mapped.example": ["::ffff:169.254.169.254"],
};
const asked: string[] = [];
const guard = new EgressGuard({
  lookup: async (host) => {
    asked.push(host);
    return names[host] ?? [];
  },
});
const admit = (uri: string, signal = never) => guard.admit(new URL(uri), signal);

test.each([
  ["https://public.example/a", ["8.8.8.8", "2a00::1"]],
  ["https://public.example:8443/a", ["8.8.8.8", "2a00::1"]],
  ["https://8.8.8.8/a", ["8.8.8.8"]],
  ["https://[2a00::1]:1024/a", ["2a00::1"]],
])("%s is let through to its addresses", async (uri, addresses) => {
  expect(await admit(uri)).toEqual(addresses);
});

test.each([
  ["http://public.example/", "scheme"],
  ["ftp://public.example/", "scheme"],
  ["data:text/plain,a", "scheme"],
  ["https://public.example:80/", "port"],
  ["https://public.example:1023/", "port"],
  ["https://user@public.example/", "credentials"],
  ["https://:word@public.example/", "credentials"],
  ["https://nobody.example/", "dns"],
  ["https://localhost/", "private_address"],
  ["https://metadata.google.internal/", "private_address"],
  ["https://intranet/", "private_address"],
  ["https://127.0.0.1/", "private_address"],
  ["https://127.1/", "private_address"],
  ["https://0x7f000001/", "private_address"],
  ["https://2130706433/", "private_address"],
  ["https://0177.0.0.1/", "private_address"],
  ["https://[::1]/", "private_address"],
  ["https://[::ffff:10.0.0.1]/", "private_address"],
  ["https://[64:ff9b::a9fe:a9fe]/", "private_address"],
  ["https://private.example/", "private_address"],
  ["https://both.example/", "private_address"],
  ["https://six.example/", "private_address"],
  ["https://mapped.example/", "private_address"],
])("%s is refused", async (uri, cause) => {
  await expect(admit(uri)).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause, host: new URL(uri).host },
  });
});

test("what is refused by its looks is not looked up", async () => {
  asked.length = 0;
  for (const uri of ["http://a.example", "https://a.example:25", "https://a.internal", "https://b@a.example"]) {
    await expect(admit(uri)).rejects.toThrow();
  }
  expect(asked).toEqual([]);
});

test("a refusal names the host and nothing else of the address", async () => {
  const error = await admit("https://private.example/secret-path?secret=query#secret").catch((error) => error);
  expect(error.rawMessage).toBe("nothing can be fetched from private.example: it leads to a private address");
  expect(error.info).toEqual({ cause: "private_address", host: "private.example" });
});

test("an aborted lookup is no answer", async () => {
  const reason = new Error("gone");
  await expect(admit("https://public.example", AbortSignal.abort(reason))).rejects.toBe(reason);
});

test("a pinned lookup knows only what it was given", () => {
  const heard: unknown[][] = [];
  const lookup = pinned(["8.8.8.8", "2a00::1"]);
  lookup("other.example", { all: true }, (...answer) => heard.push(answer));
  lookup("other.example", {}, (...answer) => heard.push(answer));
  expect(heard).toEqual([
    [
      null,
      [
        { address: "8.8.8.8", family: 4 },
        { address: "2a00::1", family: 6 },
      ],
    ],
    [null, "8.8.8.8", 4],
  ]);
});

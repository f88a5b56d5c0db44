import fc from "fast-check";
import { expect, test } from "vitest";
import { TrustedProxies } from "../../src/server/trusted-proxies.ts";

const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48"]);

test.each([
  ["203.0.113.5", "10.1.2.3", "203.0.113.5"],
  // Only the end of the list is the word of a proxy.
  ["198.51.100.1, 203.0.113.5", "10.1.2.3", "203.0.113.5"],
  ["198.51.100.1, 203.0.113.5, 192.0.2.7", "10.1.2.3", "203.0.113.5"],
  ["203.0.113.5", "203.0.113.99", "203.0.113.99"],
  ["203.0.113.5:4711", "::ffff:10.1.2.3", "203.0.113.5"],
  ["[2001:db8:2::5]:4711", "2001:db8:1::1", "2001:db8:2::5"],
  ["2001:db8:2::5", "2001:db8:1::1", "2001:db8:2::5"],
  // All are proxies: the farthest.
  ["10.9.9.9, 10.8.8.8", "10.1.2.3", "10.9.9.9"],
  ["unknown", "10.1.2.3", "10.1.2.3"],
  ["203.0.113.5, _hidden, 10.8.8.8", "10.1.2.3", "10.8.8.8"],
  ["203.0.113.5,", "10.1.2.3", "10.1.2.3"],
  ["", "10.1.2.3", "10.1.2.3"],
  ["203.0.113.5", "", ""],
])("%s, said by %s, is %s", (header, peer, caller) => {
  expect(proxies.callerOf(header, peer)).toBe(caller);
});

test("headers that came apart are one list", () => {
  expect(proxies.callerOf(["198.51.100.1", "203.0.113.5, 10.8.8.8"], "10.1.2.3")).toBe("203.0.113.5");
});

test("a list without end is read from its end, and not to its beginning", () => {
  const endless = `203.0.113.5, ${"10.8.8.8, ".repeat(100_000)}10.9.9.9`;
  expect(proxies.callerOf(endless, "10.1.2.3")).toBe("10.8.8.8");
  const cutApart = `1${"10.8.8.8".padEnd(1015)},10.9.9.9`;
  expect(proxies.callerOf(cutApart, "10.1.2.3")).toBe("10.9.9.9");
});

test("whatever the header says, the caller is an address from it, or whoever holds the connection", () => {
  const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.1", "unknown", ""), fc.string());
  fc.assert(
    fc.property(fc.array(part), fc.ipV4(), (parts, peer) => {
      const header = parts.join(", ");
      const caller = proxies.callerOf(header, peer);
      expect(caller === peer || header.includes(caller)).toBe(true);
      if (!peer.startsWith("10.") && peer !== "192.0.2.7") expect(caller).toBe(peer);
    }),
  );
});

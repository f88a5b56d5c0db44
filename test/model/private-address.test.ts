import fc from "fast-check";
import { expect, test } from "vitest";
import { isPrivateHost } from "../../src/model/private-address.ts";

const hostOf = (uri: string) => new URL(uri).hostname;

test.each([
  "example.com",
  "example.com.",
  "localhost.example.com",
  "8.8.8.8",
  "100.63.255.255",
  "100.128.0.0",
  "172.32.0.1",
  "192.0.1.1",
  "198.20.0.0",
  "223.255.255.255",
  "2001:4860:4860::8888",
  "[2001:4860:4860::8888]",
  "2a00:1450:4001:82a::200e",
  "::ffff:8.8.8.8",
  "64:ff9b::8.8.8.8",
])("%s is public", (host) => {
  expect(isPrivateHost(host)).toBe(false);
});

test.each([
  "localhost",
  "localhost.",
  "a.localhost",
  "metadata.google.internal",
  "printer.local",
  "router.home.arpa",
  "intranet",
  "0.0.0.0",
  "10.255.255.255",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "168.63.129.16",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.1",
  "192.0.2.1",
  "192.88.99.1",
  "192.168.1.1",
  "198.19.255.255",
  "198.51.100.7",
  "203.0.113.7",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "::",
  "::1",
  "[::1]",
  "::10.0.0.1",
  "::ffff:10.0.0.1",
  "::ffff:a9fe:a9fe",
  "::ffff:0:8.8.8.8",
  "64:ff9b::10.0.0.1",
  "64:ff9b::a9fe:a9fe",
  "64:ff9b:1::1",
  "100::1",
  "2001::1",
  "2001:db8::1",
  "2002:a00:1::1",
  "3fff::1",
  "5f00::1",
  "fc00::1",
  "fd00:ec2::254",
  "fe80::1",
  "fe80::1%eth0",
  "2a00::1%1",
  "fec0::1",
  "ff02::1",
])("%s is private", (host) => {
  expect(isPrivateHost(host)).toBe(true);
});

test.each(["127.1", "0x7f000001", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "①②⑦.0.0.1", "[::ffff:7f00:1]"])(
  "%s is 127.0.0.1 in another notation, once URL has read it",
  (host) => {
    expect(isPrivateHost(hostOf(`https://user:word@${host}:8443/a?b`))).toBe(true);
  },
);

test("an IPv4 address is judged the same in IPv6, mapped or translated", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const isPrivate = isPrivateHost(address);
      expect(isPrivateHost(`::ffff:${address}`)).toBe(isPrivate);
      expect(isPrivateHost(`64:ff9b::${address}`)).toBe(isPrivate);
      expect(isPrivateHost(hostOf(`https://[::ffff:${address}]/`))).toBe(isPrivate);
    }),
  );
});

import { expect, test } from "vitest";
import { altNamesIn } from "../../src/server/alt-names.ts";

test.each([
  ["", []],
  ["URI:spiffe://a/b", ["spiffe://a/b"]],
  [
    "DNS:localhost, IP Address:127.0.0.1, URI:spiffe://a/b?c=d, DNS:a.test",
    ["localhost", "spiffe://a/b?c=d", "a.test"],
  ],
  // Node puts what could be misread in quotes.
  ['DNS:"a.test\\u002c URI:spiffe://a/b", DNS:b.test', ["b.test"]],
  ['URI:"spiffe://a/\\"", DNS:b.test', ["b.test"]],
  // Of one kind, and looks like the other.
  ["DNS:spiffe://a/b, URI:localhost", []],
  ["email:a@b.test, DirName:/CN=x", []],
  ["URI:spiffe://a/b,DNS:c.test", []],
])("%j has the names %j", (text, names) => {
  expect(altNamesIn(text)).toEqual(names);
});

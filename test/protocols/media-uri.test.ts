import { expect, test } from "vitest";
import { checkMediaUri } from "../../src/protocols/media-uri.ts";

test.each([
  "https://example.com/a.png?b=c",
  "HTTPS://EXAMPLE.COM",
  "https://8.8.8.8/a",
  "https://172.32.0.1/a",
  "https://[2001:4860:4860::8888]/a",
  "https://localhost.example.com/a",
  "data:image/png;base64,AAEC",
  "DATA:text/plain,hi",
])("%s may be given to a provider", (uri) => {
  expect(checkMediaUri(uri)).toBeUndefined();
});

test.each(["http://example.com/a", "file:///etc/passwd", "ftp://example.com", "gs://bucket/a", "//example.com", ""])(
  "%j has no scheme that is taken",
  (uri) => {
    expect(checkMediaUri(uri)).toBe("must be an https: or data: URI");
  },
);

test.each([
  "https://localhost/a",
  "https://LOCALHOST.:8443/a",
  "https://metadata.google.internal/a",
  "https://intranet/a",
  "https://0x7f000001/a",
  "https://user:word@10.1.2.3/a",
  "https://[::ffff:127.0.0.1]/",
  "https://[fd00::1]/",
])("%s leads to a private address", (uri) => {
  expect(checkMediaUri(uri)).toBe("must not lead to a private address");
});

test("an address without a host is none", () => {
  expect(checkMediaUri("https://")).toBe("is not a valid URI");
});

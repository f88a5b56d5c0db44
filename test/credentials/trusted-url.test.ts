import { expect, test } from "vitest";
import { trustedUrl } from "../../src/credentials/trusted-url.ts";

test.each([
  "https://oauth2.googleapis.com/token",
  "https://10.0.0.1/token",
  "http://127.0.0.1:8080/token",
  "http://127.9.8.7/",
  "http://2130706433/",
  "http://localhost/",
  "http://[::1]:80/",
  "http://169.254.169.254/metadata",
  "http://169.254.170.2/v2",
  "http://[fd00:ec2::254]/",
  "http://metadata.google.internal/",
])("%s may be sent a credential", (text) => {
  expect(trustedUrl(text)?.href).toBe(new URL(text).href);
});

test.each([
  "http://oauth2.googleapis.com/token",
  "http://10.0.0.1/",
  "http://128.0.0.1/",
  "http://127.0.0.1.example.com/",
  "http://169.254.example.com/",
  "http://169.255.169.254/",
  "http://localhost.example.com/",
  "http://metadata.google.internal.example.com/",
  "http://[::2]/",
  "http://[::ffff:10.0.0.1]/",
  "https://user:word@oauth2.googleapis.com/token",
  "http://user@127.0.0.1/",
  "ftp://127.0.0.1/",
  "file:///etc/passwd",
  "oauth2.googleapis.com",
  "",
])("%s may not", (text) => {
  expect(trustedUrl(text)).toBeUndefined();
});

import { expect, test } from "vitest";
import { pageOrigins } from "../../src/server/page-origins.ts";

const mayCall = pageOrigins(["https://App.example.com:443"]);

test.each([
  "http://localhost:3000",
  "http://app.localhost:4000",
  "http://127.0.0.1:4000",
  "http://[::1]:4000",
  "https://app.example.com",
])("%s may call", (origin) => {
  expect(mayCall(origin)).toBe(true);
});

test.each([
  "http://evil.example:4000",
  "http://localhost.evil.example",
  "http://127.0.0.1.evil.example",
  "https://app.example.com:8443",
  "null",
  "",
])("%s may not", (origin) => {
  expect(mayCall(origin)).toBe(false);
});

test("a star is everybody", () => {
  expect(pageOrigins(["*"])("http://evil.example")).toBe(true);
});

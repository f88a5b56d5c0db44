import { expect, test } from "vitest";
import { restartNeeded, wantsRestart } from "../../src/config/restart-need.ts";
import { loadText } from "./files.ts";

const file = (rest: string) => `auth: { mode: off }\nproviders: { simulator: {} }\n${rest}`;

test("what is the same, and what is read anew, wants no restart", async () => {
  const before = await loadText(file("cache: { ttl: 1m }"));
  expect(restartNeeded(before, before)).toBe(undefined);
  expect(restartNeeded(before, await loadText(file("cache: { ttl: 2m }")))).toBe(undefined);
});

test("of server and log everything wants one, and the operator is told what", async () => {
  const before = await loadText(file(""));
  const after = (rest: string) => loadText(file(rest)).then((config) => restartNeeded(before, config));
  expect(await after("server: { reflection: false }")).toBe(
    "of server, only the certificates change while it runs; restart for the rest",
  );
  expect(await after("log: { level: debug }")).toBe("log does not change while it runs; restart for the rest");
  expect(await after("server: { workers: 2 }\nlog: { format: json }")).toBe(
    "of server, only the certificates change while it runs; log does not change while it runs; restart for the rest",
  );
});

test("so does tracing, its secrets included", async () => {
  const traced = (key: string) => loadText(file(`tracing: { endpoint: "http://c:4318", headers: { x-key: ${key} } }`));
  const before = await traced("a");
  expect(restartNeeded(before, await traced("a"))).toBe(undefined);
  expect(restartNeeded(before, await traced("b"))).toBe("tracing does not change while it runs; restart for the rest");
  expect(wantsRestart("tracing.headers")).toBe(true);
});

test("paths of settings tell the same", () => {
  expect(["server.listen", "server.limits.bodyTimeout", "server.tls", "log.level"].filter(wantsRestart)).toHaveLength(
    4,
  );
  expect(["server.tls.cert", "auth.keys[].id", "cache.ttl"].filter(wantsRestart)).toEqual([]);
});

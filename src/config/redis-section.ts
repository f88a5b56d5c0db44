import * as v from "valibot";
import { duration, integer, pattern, text } from "./scalar.ts";
import { section } from "./section.ts";

/** Bytes that no key may begin with: braces would decide about the shard of a cluster. */
const keyPrefix = pattern(
  /^[A-Za-z0-9:._-]{1,64}$/,
  "must be letters, digits, :, ., - or _, at most 64 in all",
  "Beginning of every key, for gateways that share nothing but the Redis.",
);

/** What replicas share. Absent: each gateway keeps to itself. */
export const redis = section("A Redis that the replicas of the gateway share. Absent: each keeps to itself.", {
  url: text(
    `Address and credential, such as "redis://gateway:\${REDIS_PASSWORD}@redis:6379/0" or "file:/run/secrets/redis"; rediss:// for TLS.`,
  ),
  keyPrefix: v.optional(keyPrefix, "llmhub:"),
  opTimeout: v.optional(duration("Longest wait for an answer of Redis. What is later is done without it."), "50ms"),
  replicas: v.optional(
    integer(1, 10_000, "Gateways that share it; while it does not answer each keeps its part of the limits."),
    1,
  ),
});

/** Whether a text is an address that the link to Redis can use. */
export function isRedisUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === "") return false;
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    return false;
  }
  return /^\/?\d{0,4}$/.test(url.pathname) && url.search === "" && url.hash === "";
}

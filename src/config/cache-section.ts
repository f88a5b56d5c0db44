import * as v from "valibot";
import { duration, integer } from "./scalar.ts";
import { section } from "./section.ts";

const mebibyte = 1024 ** 2;

/** Whether and how answers are kept. */
export const cache = section("Answers that are kept for requests that ask the same again.", {
  enabled: v.optional(v.pipe(v.boolean(), v.description("Keep answers.")), false),
  driver: v.optional(
    v.pipe(
      v.picklist(["memory", "redis"]),
      v.description(
        '"memory": in this process, gone with it. "redis": in the Redis of the section redis, for all replicas.',
      ),
    ),
    "memory",
  ),
  scope: v.optional(
    v.pipe(
      v.picklist(["key", "shared"]),
      v.description(
        'Who finds an answer. "key": calls with the API key that it was made for. "shared": all of the same tenant.',
      ),
    ),
    "key",
  ),
  ttl: v.optional(duration("How long an answer is kept unless the request says so."), "10m"),
  staleWhileRevalidate: v.optional(
    duration("How long after its time an answer is still given, while it is asked for anew. 0s: not at all.", 0),
    "0s",
  ),
  replicaWait: v.optional(
    duration(
      'With driver "redis": one replica asks for an answer, and others that want the same wait for it, so long at most. 0s: each asks.',
      0,
    ),
    "0s",
  ),
  bytesMax: v.optional(integer(mebibyte, 64 * 1024 * mebibyte, "Room in memory, in bytes."), 64 * mebibyte),
  entryBytesMax: v.optional(integer(1024, 64 * mebibyte, "Largest answer that is kept, in bytes."), mebibyte),
});

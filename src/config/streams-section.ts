import * as v from "valibot";
import { duration, integer } from "./scalar.ts";
import { section } from "./section.ts";

/** How long streams may be silent, and how their events are kept for callers who lost their connection. */
export const streams = section(
  "Streams: how long they may be silent, and how their events are kept for callers who lose their connection.",
  {
    heartbeat: v.optional(
      duration("Longest silence on a stream whose caller does not name one: below what proxies on the way cut at.", 10),
      "15s",
    ),
    resume: v.optional(
      v.pipe(v.boolean(), v.description("Keep them. false: a stream whose connection breaks is cancelled and lost.")),
      true,
    ),
    shared: v.optional(
      v.pipe(v.boolean(), v.description("Copy them to Redis, for every replica. Needs the section redis.")),
      false,
    ),
    keep: v.optional(duration("How long a stream is kept after its end."), "2m"),
    graceAfterDisconnect: v.optional(
      duration("How long a stream goes on at the provider, and costs money, while nobody resumes it."),
      "10s",
    ),
    graceAfterReset: v.optional(
      duration(
        "The same for a stream that its reader reset. 0s: it wants no more. Proxies reset the streams of callers who lost their connection: behind one, nothing else is resumable.",
        0,
      ),
      "0s",
    ),
    bytesMax: v.optional(
      integer(1_048_576, 64 * 1024 ** 3, "Memory of all streams; above it the oldest are forgotten."),
      67_108_864,
    ),
    perStreamBytesMax: v.optional(
      integer(262_144, 1024 ** 3, "Memory of one stream; above it its oldest events are forgotten."),
      4_194_304,
    ),
  },
);

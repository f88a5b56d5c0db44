import type { Duration } from "@bufbuild/protobuf/wkt";

/** A duration in milliseconds; undefined when it is not given. */
export function msOf(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** A google.protobuf.Timestamp from whole milliseconds since 1970, as a plain literal: every answer has one. */
export function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  return { $typeName: "google.protobuf.Timestamp", seconds: BigInt(seconds), nanos: (ms - seconds * 1000) * 1e6 };
}

import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { compressed } from "../../../src/server/http/compression.ts";

const long = "text ".repeat(1000);

test.each(["gzip", "GZIP", "br, gzip;q=0.5", "*", "identity;q=0, *;q=0.1"])("%s takes gzip", async (accepted) => {
  const packed = await compressed(long, accepted);
  expect(gunzipSync(packed ?? "").toString()).toBe(long);
});

test.each(["", "br", "gzip;q=0", "gzip;q=0, *", undefined])("%s takes none", async (accepted) => {
  expect(await compressed(long, accepted)).toBeUndefined();
});

test("short texts stay as they are", async () => {
  expect(await compressed("short", "gzip")).toBeUndefined();
});

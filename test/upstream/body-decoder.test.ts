import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { GatewayError } from "../../src/model/error.ts";
import { bodyDecoder } from "../../src/upstream/body-decoder.ts";

/** Feeds the pieces as a connection would, pausing when it is told to; gives the plain bytes. */
function decode(coding: string | string[], pieces: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const plain: Buffer[] = [];
    const decoder = bodyDecoder(coding, {
      data: (bytes) => plain.push(bytes),
      end: () => resolve(Buffer.concat(plain)),
      fail: reject,
    });
    if (decoder === undefined) throw new Error("there is nothing to decode");
    const rest = [...pieces];
    const feed = (): void => {
      for (let piece = rest.shift(); piece !== undefined; piece = rest.shift()) {
        if (decoder.write(piece)) continue;
        decoder.drained(feed);
        return;
      }
      decoder.end();
    };
    feed();
  });
}

const codings: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gzipSync(bytes),
  "x-gzip": (bytes) => gzipSync(bytes),
  deflate: (bytes) => deflateSync(bytes),
  br: (bytes) => brotliCompressSync(bytes),
  GZIP: (bytes) => gzipSync(bytes),
  "gzip, identity": (bytes) => gzipSync(bytes),
  "deflate, gzip": (bytes) => gzipSync(deflateSync(bytes)),
  "br,gzip": (bytes) => gzipSync(brotliCompressSync(bytes)),
};

test("what was encoded comes out, however it is cut", async () => {
  const input = fc.record({
    coding: fc.constantFrom(...Object.keys(codings)),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 5000 }),
    cut: fc.integer({ min: 1, max: 700 }),
  });
  await fc.assert(
    fc.asyncProperty(input, async ({ coding, bytes, cut }) => {
      const encoded = codings[coding]?.(Buffer.from(bytes)) ?? Buffer.alloc(0);
      const pieces = Array.from({ length: Math.ceil(encoded.length / cut) }, (_, i) =>
        encoded.subarray(i * cut, (i + 1) * cut),
      );
      expect(await decode(coding, pieces)).toEqual(Buffer.from(bytes));
    }),
    { seed: 7, numRuns: 60 },
  );
});

test("an answer without coding is left alone", () => {
  const sink = { data: () => undefined, end: () => undefined, fail: () => undefined };
  for (const coding of ["", "identity", "identity, identity"]) {
    expect(bodyDecoder(coding, sink)).toBeUndefined();
  }
});

test.each(["gzip, gzip, gzip", "zstd", "gzip, compress", "__proto__", "constructor"])("%s is refused", (coding) => {
  const sink = { data: () => undefined, end: () => undefined, fail: () => undefined };
  expect(() => bodyDecoder(coding, sink)).toThrow(/content coding/);
});

test.each([
  ["damaged", [Buffer.from("no gzip at all")]],
  ["cut short", [gzipSync("a".repeat(1000)).subarray(0, 12)]],
  ["damaged at its end", [Buffer.concat([gzipSync("hello").subarray(0, -8), Buffer.alloc(8, 1)])]],
])("a body that is %s is one failure", async (_name, pieces) => {
  const failure = await decode("gzip", pieces).then(
    () => undefined,
    (error: GatewayError) => error,
  );
  expect([failure?.reason, failure?.info["cause"]]).toEqual(["PROVIDER_BAD_RESPONSE", "content_encoding"]);
});

test("nothing comes after it was destroyed", async () => {
  const seen: string[] = [];
  const decoder = bodyDecoder("gzip", {
    data: () => seen.push("data"),
    end: () => seen.push("end"),
    fail: () => seen.push("fail"),
  });
  decoder?.write(gzipSync("hello"));
  decoder?.destroy();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(seen).toEqual([]);
});

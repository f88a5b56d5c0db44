import { readdirSync, readFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../src/model/error.ts";
import { EventStreamParser } from "../../src/stream/event-stream.ts";
import { encodeEvent } from "../../src/stream/event-stream-encoder.ts";
import type { EventHeaderValue } from "../../src/stream/event-stream-headers.ts";
import { pieces, singleBytes } from "../support/pieces.ts";

interface Message {
  readonly headers: readonly (readonly [string, EventHeaderValue])[];
  readonly payload: Buffer;
}

const vectors = new URL("../fixtures/aws-eventstream/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, vectors));
const filesOf = (folder: string) => readdirSync(new URL(folder, vectors)).map((name) => `${folder}${name}`);
const smithy = filesOf("smithy-rs/");
const valid = [...smithy.filter((file) => file.includes("/valid_")), ...filesOf("aws-sdk-go/encoded/positive/")];
const invalid = [...smithy.filter((file) => file.includes("/invalid_")), ...filesOf("aws-sdk-go/encoded/negative/")];

const refused = (cause: string) => expect.objectContaining({ reason: "PROVIDER_BAD_RESPONSE", info: { cause } });

/** The messages that bytes bring when they arrive in these pieces, and then end. */
function parse(parts: readonly Buffer[]): Message[] {
  const messages: Message[] = [];
  const parser = new EventStreamParser({
    message: (headers, payload) => messages.push({ headers: [...headers], payload: Buffer.from(payload) }),
  });
  for (const part of parts) parser.push(part);
  parser.end();
  return messages;
}

/** What `parse` comes to, also where it fails. */
function outcome(parts: readonly Buffer[]): unknown {
  try {
    return parse(parts);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.rawMessage;
  }
}

describe("the vectors of AWS", () => {
  it("are all there", () => {
    expect([valid.length, invalid.length]).toEqual([8, 12]);
  });

  it.each(valid)("%s decodes, whole and byte by byte", (file) => {
    const messages = parse([read(file)]);
    expect(messages).toHaveLength(1);
    expect(parse(singleBytes(read(file)))).toEqual(messages);
  });

  it.each(filesOf("aws-sdk-go/decoded/positive/"))("%s is what comes out", (file) => {
    const { headers, payload } = JSON.parse(read(file).toString());
    const bytes = read(file.replace("decoded", "encoded").replace(".json", ".bin"));
    expect(parse([bytes])).toEqual([{ headers: headers.map(headerOf), payload: Buffer.from(payload, "base64") }]);
  });

  it("bring every type of header", () => {
    expect(parse([read("smithy-rs/valid_with_all_headers_and_payload.bin")])).toEqual([
      {
        headers: [
          ["true", true],
          ["false", false],
          ["byte", 50],
          ["short", 20_000],
          ["int", 500_000],
          ["long", 50_000_000_000n],
          ["bytes", Buffer.from("some bytes")],
          ["str", "some str"],
          ["time", 5_000_000_000n],
          ["uuid", "b79bc914-de21-4e13-b8b2-bc47e85b7f0b"],
        ],
        payload: Buffer.from("some payload"),
      },
    ]);
  });

  it.each(invalid)("%s is refused, whole and byte by byte", (file) => {
    expect(() => parse([read(file)])).toThrow(refused("bad_event_stream"));
    expect(() => parse(singleBytes(read(file)))).toThrow(refused("bad_event_stream"));
  });

  it.each(filesOf("aws-sdk-go/decoded/negative/"))("%s is the reason given", (file) => {
    const [part] = read(file).toString().toLowerCase().split(" ");
    const bytes = read(file.replace("decoded", "encoded").replace(".txt", ".bin"));
    expect(outcome([bytes])).toContain(`a wrong checksum of a ${part}`);
  });
});

const text = (maxLength: number) => fc.string({ unit: "binary", maxLength });
const headers = fc.dictionary(
  text(40).filter((name) => name !== "" && name !== "__proto__"),
  text(100),
  { maxKeys: 5 },
);
const event = fc.record({ headers, payload: fc.uint8Array({ maxLength: 300 }) });
const places = fc.array(fc.nat(5000), { maxLength: 20 });

describe("an event stream", () => {
  it("brings what was encoded, wherever the bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), places, (events, at) => {
        const bytes = Buffer.concat(events.map((each) => encodeEvent(each.headers, each.payload)));
        const messages = events.map((each) => ({
          headers: Object.entries(each.headers),
          payload: Buffer.from(each.payload),
        }));
        expect(parse(pieces(bytes, at))).toEqual(messages);
        expect(parse(singleBytes(bytes))).toEqual(messages);
      }),
      { numRuns: 200 },
    );
  });

  it("may be anything without a crash, and the same however it is cut", () => {
    const noise = fc.tuple(fc.array(event, { maxLength: 2 }), fc.uint8Array({ maxLength: 100 }));
    fc.assert(
      fc.property(noise, places, ([events, array], at) => {
        const bytes = Buffer.concat([...events.map((each) => encodeEvent(each.headers, each.payload)), array]);
        expect(outcome(pieces(bytes, at))).toEqual(outcome([bytes]));
      }),
    );
  });

  it("may have any block of headers without a crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (block) => {
        outcome([framed(Buffer.from(block))]);
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused with any one bit changed", () => {
    const bytes = encodeEvent({ ":event-type": "x" }, Buffer.from("{}"));
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => parse([changed])).toThrow(GatewayError);
    }
  });

  it("is truncated when it ends within a message", () => {
    const bytes = Buffer.concat([
      encodeEvent({ a: "b" }, Buffer.from("first")),
      encodeEvent({}, Buffer.from("second")),
    ]);
    const first = encodeEvent({ a: "b" }, Buffer.from("first")).length;
    for (let end = 0; end < bytes.length; end++) {
      const cutOff = outcome([bytes.subarray(0, end)]);
      if (end === 0 || end === first) expect(cutOff).toHaveLength(end === 0 ? 0 : 1);
      else expect(() => parse([bytes.subarray(0, end)])).toThrow(refused("truncated"));
    }
  });

  it.each([
    ["a header that is cut off", [1, 0x61]],
    ["a header that is cut off", [5, 0x61, 0]],
    ["a header that is cut off", [1, 0x61, 7, 0]],
    ["a header that is cut off", [1, 0x61, 7, 0, 2, 0x62]],
    ["a header that is cut off", [1, 0x61, 4, 0, 0, 0]],
    ["a header without a name", [0, 0]],
    ["a header of an unknown type", [1, 0x61, 10]],
    ["a header that is not UTF-8", [1, 0xff, 0]],
    ["a header that is not UTF-8", [1, 0x61, 7, 0, 1, 0xff]],
    ["a header twice", [1, 0x61, 0, 1, 0x61, 1]],
  ])("is refused with %s", (what, block) => {
    expect(outcome([framed(Buffer.from(block))])).toBe(`the provider sent ${what} in an event stream`);
  });

  it("is refused with lengths that contradict each other", () => {
    expect(() => parse([prelude(15, 0)])).toThrow(refused("bad_event_stream"));
    expect(() => parse([prelude(20, 5)])).toThrow(refused("bad_event_stream"));
  });
});

describe("limits", () => {
  const limited = refused("stream_limit");
  const mebibyte = 1024 * 1024;

  it("hold a message to 16 MiB, before it has come", () => {
    const longest = encodeEvent({}, Buffer.alloc(16 * mebibyte - 16));
    expect(parse([longest.subarray(0, 5000), longest.subarray(5000)])).toHaveLength(1);
    expect(() => parse([prelude(16 * mebibyte + 1, 0)])).toThrow(limited);
  });

  it("hold the headers to 128 KiB", () => {
    expect(() => parse([prelude(mebibyte, mebibyte / 8 + 1)])).toThrow(limited);
    expect(() => parse([prelude(mebibyte, mebibyte / 8)])).toThrow(refused("truncated"));
  });

  it("are kept by the encoder", () => {
    const { length } = encodeEvent({ ["n".repeat(255)]: "v".repeat(32_767) }, Buffer.alloc(0));
    expect(length).toBe(16 + 1 + 255 + 1 + 2 + 32_767);
    expect(() => encodeEvent({ "": "v" }, Buffer.alloc(0))).toThrow(RangeError);
    expect(() => encodeEvent({ ["é".repeat(128)]: "v" }, Buffer.alloc(0))).toThrow(RangeError);
    expect(() => encodeEvent({ n: "v".repeat(32_768) }, Buffer.alloc(0))).toThrow(RangeError);
  });
});

/** A header of the vectors as the parser gives it: text and bytes are in base64 there. */
function headerOf({ name, type, value }: { name: string; type: number; value: unknown }): [string, unknown] {
  if (typeof value === "number" && (type === 5 || type === 8)) return [name, BigInt(value)];
  if (typeof value !== "string") return [name, value];
  const bytes = Buffer.from(value, "base64");
  if (type === 6) return [name, bytes];
  return [name, type === 7 ? bytes.toString() : "01020304-0506-0708-090a-0b0c0d0e0f10"];
}

function prelude(length: number, headerBytes: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(headerBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return bytes;
}

/** A message with sound checksums around any block of headers, and no payload. */
function framed(block: Buffer): Buffer {
  const checksum = Buffer.alloc(4);
  const checked = Buffer.concat([prelude(16 + block.length, block.length), block]);
  checksum.writeUInt32BE(crc32(checked));
  return Buffer.concat([checked, checksum]);
}

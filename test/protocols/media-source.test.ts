import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MediaPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { addressOf, base64Of, bytesOf, isTextType, mimeTypeOf } from "../../src/protocols/media-source.ts";

type Init = MessageInitShape<typeof MediaPartSchema>;

const media = (init: Init) => create(MediaPartSchema, init);
const hex = (text: string) => ({ case: "data" as const, value: new Uint8Array(Buffer.from(text, "hex")) });
const uri = (value: string) => ({ case: "uri" as const, value });
const png = "89504e470d0a1a0a0000000d";

test.each<[string, Init, string]>([
  ["as given, without parameters", { source: hex(png), mimeType: "Image/JPEG; q=1" }, "image/jpeg"],
  ["by another name", { source: hex(png), mimeType: "image/jpg" }, "image/jpeg"],
  ["by the bytes", { source: hex(png), mimeType: "image/*", filename: "a.gif" }, "image/png"],
  ["by the file name", { source: hex("00"), filename: "tax.report.PDF" }, "application/pdf"],
  ["only the class", { source: hex("00"), mimeType: "audio/*" }, "audio/*"],
  ["not at all", { source: hex("00"), filename: "pdf.unknown" }, ""],
  ["by the data: URI", { source: uri("data:audio/x-wav;base64,AAAA") }, "audio/wav"],
  [
    "by the bytes of a data: URI",
    { source: uri(`data:;base64,${Buffer.from(png, "hex").toString("base64")}`) },
    "image/png",
  ],
  ["by default, in a data: URI", { source: uri("data:,hello") }, "text/plain"],
  ["by the path", { source: uri("https://a.example/b/c.webp?v=1.png") }, "image/webp"],
  ["by a file name before the path", { source: uri("https://a.example/c.webp"), filename: "c.mp4" }, "video/mp4"],
  ["an address that tells nothing", { source: uri("https://a.example/c") }, "image/*"],
  [
    "a file at a provider",
    { source: { case: "providerFile", value: { provider: "p", fileId: "f" } }, filename: "a.csv" },
    "text/csv",
  ],
])("tells the type %s", (_name, init, type) => {
  expect(mimeTypeOf(media(init))).toBe(type);
});

test.each([
  ["ffd8ffe0", "image/jpeg"],
  ["474946383961", "image/gif"],
  ["524946461200000057454250", "image/webp"],
  ["524946461200000057415645", "audio/wav"],
  ["49443304", "audio/mpeg"],
  ["fffb9064", "audio/mpeg"],
  ["664c6143", "audio/flac"],
  ["0000001c667479704d344120", "audio/mp4"],
  ["000000206674797069736f6d", "video/mp4"],
  ["0000001c667479706176696600", "image/avif"],
  ["1a45dfa3", "video/webm"],
  ["255044462d312e37", "application/pdf"],
])("knows %s", (head, type) => {
  expect(mimeTypeOf(media({ source: hex(head) }))).toBe(type);
});

test("gives the same bytes, however they came", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom("base64", "base64url"), (bytes, form) => {
      const wanted = Buffer.from(bytes).toString("base64");
      const inline = media({ source: uri(`data:image/png;base64,${Buffer.from(bytes).toString(form)}`) });
      const escaped = media({ source: uri(`data:image/png;base64,${encodeURIComponent(wanted)}`) });
      for (const part of [media({ source: { case: "data", value: Uint8Array.from(bytes) } }), inline, escaped]) {
        expect(base64Of(part)).toBe(wanted);
        expect(bytesOf(part)).toEqual(Buffer.from(bytes));
      }
    }),
  );
});

test("takes text in a data: URI as it is, broken escapes too", () => {
  expect(bytesOf(media({ source: uri("data:text/plain,gr%C3%BC%C3%9Fe, 5%25") }))?.toString()).toBe("grüße, 5%");
  expect(bytesOf(media({ source: uri("data:,100%") }))?.toString()).toBe("100%");
  expect(bytesOf(media({ source: uri("data:text/plain") }))?.toString()).toBe("");
});

test("an address has no bytes", () => {
  const part = media({ source: uri("https://a.example/b.png") });
  expect([addressOf(part), bytesOf(part), base64Of(part)]).toEqual(["https://a.example/b.png", undefined, undefined]);
  expect(addressOf(media({ source: uri("DATA:,x") }))).toBeUndefined();
  expect(addressOf(media({ source: hex("00") }))).toBeUndefined();
});

test("knows what is text", () => {
  expect(
    ["text/csv", "application/json", "image/svg+xml", "application/ld+json", "application/pdf"].map(isTextType),
  ).toEqual([true, true, false, true, false]);
});

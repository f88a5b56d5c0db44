import { create, type MessageInitShape } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CacheMode, type CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { MediaPart, MediaPartSchema } from "../../gen/llmhub/v1/content_pb.ts";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { RerankRequestSchema } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import { wishOf } from "../../src/cache/wish.ts";

type Init = Exclude<MessageInitShape<typeof CompleteRequestSchema>, CompleteRequest>;
const { READ_WRITE, REFRESH, BYPASS, ONLY } = CacheMode;

const wish = (init: Init, control?: string) =>
  wishOf(create(CompleteRequestSchema, { temperature: 0, ...init }), control);
const does = (init: Init, control?: string) => {
  const { read, write, only } = wish(init, control);
  return `${read ? "r" : "-"}${write ? "w" : "-"}${only ? "o" : "-"}`;
};
const mode = (mode: CacheMode): Init => ({ cache: { mode } });

test.each<[string, Init, string | undefined, string]>([
  ["temperature 0", {}, undefined, "rw-"],
  ["no temperature", { temperature: undefined }, undefined, "---"],
  ["temperature 1, wanted", { temperature: 1, ...mode(READ_WRITE) }, undefined, "rw-"],
  ["temperature 1, refreshed", { temperature: 1, ...mode(REFRESH) }, undefined, "-w-"],
  ["temperature 1, only", { temperature: 1, ...mode(ONLY) }, undefined, "r-o"],
  ["temperature 1, no-cache", { temperature: 1 }, "no-cache", "---"],
  ["refresh", mode(REFRESH), undefined, "-w-"],
  ["bypass", mode(BYPASS), undefined, "---"],
  ["no-cache", {}, "no-cache", "-w-"],
  ["no-store", {}, "no-store", "---"],
  ["only-if-cached", {}, "only-if-cached", "r-o"],
  ["max-age=0", {}, "max-age=0", "-w-"],
  ["an age that is none", {}, "max-age=soon", "-w-"],
  ["unknown words", {}, "no-transform, max-stale=5", "rw-"],
  ["capitals and spaces", {}, " No-Cache ,max-age=5", "-w-"],
  ["the strictest of several", {}, "no-cache, no-store", "---"],
  ["a mode in the body", mode(READ_WRITE), "no-store", "rw-"],
])("%s", (_name, init, control, expected) => {
  expect(does({ temperature: 0, ...init }, control)).toBe(expected);
});

test("a tool that the provider runs sees another world each time", () => {
  const tools: Init["tools"] = [{ kind: { case: "providerTool", value: { id: "anthropic.web_search" } } }];
  expect(does({ tools })).toBe("---");
  expect(does({ tools, ...mode(READ_WRITE) })).toBe("rw-");
  expect(does({ tools: [{ kind: { case: "function", value: { name: "f" } } }] })).toBe("rw-");
});

test.each<[string | undefined, string]>([
  [undefined, "rw-"],
  ["no-cache", "-w-"],
  ["no-store", "---"],
  ["only-if-cached", "r-o"],
])("vectors and scores are always the same: cache-control %s", (control, expected) => {
  for (const request of [create(EmbedRequestSchema, { inputs: ["a"] }), create(RerankRequestSchema, { query: "q" })]) {
    const { read, write, only } = wishOf(request, control);
    expect(`${read ? "r" : "-"}${write ? "w" : "-"}${only ? "o" : "-"}`).toBe(expected);
  }
});

type Source = NonNullable<Exclude<MessageInitShape<typeof MediaPartSchema>, MediaPart>["source"]>;
const https: Source = { case: "uri", value: "https://a.example/x.png" };
const kinds: Record<string, (source: Source) => Init> = {
  media: (source) => ({ messages: [{ content: [{ part: { case: "media", value: { source } } }] }] }),
  document: (source) => ({
    messages: [{ content: [{ part: { case: "document", value: { body: { case: "media", value: { source } } } } }] }],
  }),
  "tool result": (source) => ({
    messages: [
      {
        content: [
          {
            part: {
              case: "toolResult",
              value: { toolCallId: "1", content: [{ part: { case: "media", value: { source } } }] },
            },
          },
        ],
      },
    ],
  }),
};

test.each(Object.keys(kinds))("%s that is not in the request is never kept, whatever is wanted", (name) => {
  const at = (source: Source) => does({ ...kinds[name]?.(source), ...mode(READ_WRITE) });
  expect(at({ case: "data", value: new Uint8Array(3) })).toBe("rw-");
  expect(at({ case: "uri", value: "DATA:image/png;base64,AAAA" })).toBe("rw-");
  expect(at(https)).toBe("---");
  expect(at({ case: "providerFile", value: { provider: "openai", fileId: "f" } })).toBe("---");
});

test("ages and times to live", () => {
  expect(wish({}).ageMaxMs).toBe(Number.POSITIVE_INFINITY);
  expect(wish({}, "max-age=90").ageMaxMs).toBe(90_000);
  expect(wish({}).ttlMs).toBeUndefined();
  expect(wish({ cache: { ttl: { seconds: 1n, nanos: 500_000_000 } } }).ttlMs).toBe(1500);
});

test("no header makes it throw", () => {
  fc.assert(
    fc.property(fc.string(), (control) => {
      const { ageMaxMs } = wish({}, control);
      expect(ageMaxMs).toBeGreaterThanOrEqual(0);
    }),
  );
});

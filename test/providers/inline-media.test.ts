import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { Role } from "../../gen/llmhub/v1/content_pb.ts";
import { unknownFacts } from "../../src/catalog/facts.ts";
import type { Attempt } from "../../src/model/call.ts";
import { GatewayError } from "../../src/model/error.ts";
import type { Provider } from "../../src/model/target.ts";
import { chatCompletions } from "../../src/protocols/chat-completions/protocol.ts";
import { needsMedia, withMedia, withoutMedia } from "../../src/providers/inline-media.ts";
import { rpcWith } from "../support/rpc.ts";

const timeouts = { firstOutputMs: 1000, idleMs: 1000, totalMs: 1000 };
const provider: Provider = { id: "p", displayName: "P", models: new Map(), defaultModel: undefined, timeouts };
/** A dialect that takes no https address. */
const inlineOnly = {
  ...chatCompletions,
  fetches: ({ source }: { source: { case?: string | undefined; value?: unknown } }) =>
    source.case === "uri" && String(source.value).startsWith("https:"),
};

function attemptOf(request: MessageInitShape<typeof CompleteRequestSchema>, signal?: AbortSignal): Attempt {
  const rpc = rpcWith(signal === undefined ? {} : { signal });
  const call = { id: "c", rpc, request: create(CompleteRequestSchema, request), stream: false };
  const target = { provider, model: "m", selector: "p/m", facts: unknownFacts };
  return { call, target, policy: "", failures: [], timeouts, freshConnection: false };
}

const uri = (value: string, mimeType = "") => ({
  part: { case: "media" as const, value: { source: { case: "uri" as const, value }, mimeType } },
});
const user = (...content: object[]) => ({ role: Role.USER, content });

/** What every part of a request came to. */
function mediaOf({ call }: Attempt): unknown[] {
  return call.request.messages.flatMap(({ content }) =>
    content.map(({ part }) => {
      if (part.case !== "media") return part.case;
      const { mimeType, source } = part.value;
      return [mimeType, source.case === "data" ? [...source.value] : source.value];
    }),
  );
}

test("only addresses that the dialect cannot take are fetched, each once", async () => {
  const attempt = attemptOf({
    messages: [
      user(uri("https://a.test/1"), uri("data:image/png;base64,QQ=="), uri("https://a.test/1", "image/*")),
      user(uri("https://a.test/2", "image/webp")),
    ],
  });
  const asked: string[] = [];
  const ready = await withMedia(inlineOnly, attempt, async (address) => {
    asked.push(address);
    return { bytes: Buffer.from([1, 2]), mimeType: "image/gif" };
  });
  expect(needsMedia(inlineOnly, attempt)).toBe(true);
  expect(needsMedia(chatCompletions, attempt)).toBe(false);
  expect(asked).toEqual(["https://a.test/1", "https://a.test/2"]);
  expect(mediaOf(ready)).toEqual([
    ["image/gif", [1, 2]],
    ["", "data:image/png;base64,QQ=="],
    ["image/gif", [1, 2]],
    ["image/webp", [1, 2]],
  ]);
  expect(mediaOf(attempt)[0]).toEqual(["", "https://a.test/1"]);
  expect(needsMedia(inlineOnly, ready)).toBe(false);
});

test("documents and the results of tools are looked at, too", async () => {
  const media = { source: { case: "uri" as const, value: "https://a.test/d.pdf" }, mimeType: "application/pdf" };
  const document = { case: "document" as const, value: { body: { case: "media" as const, value: media } } };
  const result = { case: "toolResult" as const, value: { toolCallId: "t", content: [{ part: document }] } };
  const attempt = attemptOf({
    messages: [user({ part: document }), { role: Role.TOOL, content: [{ part: result }] }],
  });
  const fetched = async () => ({ bytes: Buffer.from("x"), mimeType: "" });
  const ready = await withMedia(inlineOnly, attempt, fetched);
  expect(needsMedia(inlineOnly, attempt)).toBe(true);
  expect(needsMedia(inlineOnly, ready)).toBe(false);
  expect(needsMedia(inlineOnly, withoutMedia(inlineOnly, attempt))).toBe(false);
});

test("a failure names the place in the request, and the first ends it", async () => {
  const attempt = attemptOf({
    messages: [user({ part: { case: "text" as const, value: "x" } }, uri("https://a.test/1"))],
  });
  const failed = withMedia(inlineOnly, attempt, async () => {
    throw new GatewayError("INVALID_REQUEST", "no", { metadata: { cause: "dns" } });
  });
  await expect(failed).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
    info: { cause: "dns", field: "messages[0].content[1].media.uri" },
  });
});

test("one request fetches a bounded number of addresses and bytes", async () => {
  const many = attemptOf({
    messages: [user(...Array.from({ length: 65 }, (_, i) => uri(`https://a.test/${i}`)))],
  });
  const fetched = async () => ({ bytes: Buffer.alloc(40 * 1024 * 1024), mimeType: "image/png" });
  await expect(withMedia(inlineOnly, many, fetched)).rejects.toMatchObject({ reason: "INVALID_REQUEST" });
  const two = attemptOf({ messages: [user(uri("https://a.test/1"), uri("https://a.test/2"))] });
  await expect(withMedia(inlineOnly, two, fetched)).rejects.toMatchObject({
    reason: "PAYLOAD_TOO_LARGE",
    info: { limitBytes: String(64 * 1024 * 1024) },
  });
});

test("a few addresses are fetched at once, and the first failure ends the others", async () => {
  const attempt = attemptOf({
    messages: [user(...Array.from({ length: 20 }, (_, i) => uri(`https://a.test/${i}`)))],
  });
  const asked: AbortSignal[] = [];
  const failed = withMedia(inlineOnly, attempt, async (_address, signal) => {
    asked.push(signal);
    if (asked.length === 4) throw new GatewayError("INVALID_REQUEST", "no");
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  await expect(failed).rejects.toMatchObject({
    reason: "INVALID_REQUEST",
    info: { field: expect.stringContaining("[3]") },
  });
  expect(asked.map(({ aborted }) => aborted)).toEqual([true, true, true, true]);
});

test("a caller who leaves ends what is fetched", async () => {
  const leaving = new AbortController();
  const attempt = attemptOf({ messages: [user(uri("https://a.test/1"))] }, leaving.signal);
  const left = new GatewayError("CANCELLED", "the caller left");
  const failed = withMedia(inlineOnly, attempt, async (_address, signal) => {
    leaving.abort(left);
    throw signal.reason;
  });
  await expect(failed).rejects.toMatchObject({ reason: "CANCELLED" });
});

test("a type that tells nothing is left to the bytes", async () => {
  const attempt = attemptOf({ messages: [user(uri("https://a.test/1"), uri("https://a.test/2", "image/gif"))] });
  const fetched = async () => ({ bytes: Buffer.from([1]), mimeType: "binary/octet-stream" });
  expect(mediaOf(await withMedia(inlineOnly, attempt, fetched))).toEqual([
    ["", [1]],
    ["image/gif", [1]],
  ]);
});

test("a look without the bytes takes addresses for what their names say, documents for PDF, and all else for pictures", () => {
  const document = (value: string) => {
    const media = { source: { case: "uri" as const, value } };
    return { part: { case: "document" as const, value: { body: { case: "media" as const, value: media } } } };
  };
  const content = [document("https://a.test/1"), document("https://a.test/2.md"), uri("https://a.test/3", "image/*")];
  const seen = withoutMedia(inlineOnly, attemptOf({ messages: [user(...content, uri("https://a.test/4.mp4"))] }));
  const types = seen.call.request.messages[0]?.content.map(({ part }) => {
    const media = part.case === "document" ? part.value.body.value : part.value;
    return typeof media === "object" && "mimeType" in media ? media.mimeType : undefined;
  });
  expect(types).toEqual(["application/pdf", "text/markdown", "image/png", "video/mp4"]);
});

test("a look refuses what could not be fetched", () => {
  const everything = { ...inlineOnly, fetches: () => true };
  const look = (address: string) => () => withoutMedia(everything, attemptOf({ messages: [user(uri(address))] }));
  for (const address of ["http://a.test/1", "https://127.0.0.1/1", "https:///"]) {
    expect(look(address)).toThrow(/^\[invalid_argument\] messages\[0\]\.content\[0\]\.media\.uri /);
  }
});

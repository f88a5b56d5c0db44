import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { Modality } from "../../gen/llmhub/v1/content_pb.ts";
import { EmbedRequestSchema } from "../../gen/llmhub/v1/embedding_pb.ts";
import { unknownModel } from "../../src/dispatch/known-facts.ts";
import { needsOf, unmetBy } from "../../src/dispatch/needs.ts";
import { candidatesOf } from "./candidates.ts";

type Message = MessageInitShape<typeof CompleteRequestSchema>;

const asked = (request: Message) => needsOf(create(CompleteRequestSchema, request));
const media = (mimeType: string, uri = "https://files.test/x") =>
  ({ part: { case: "media", value: { mimeType, source: { case: "uri", value: uri } } } }) as const;
const withParts = (...content: NonNullable<NonNullable<Message["messages"]>[number]["content"]>): Message => ({
  messages: [{ text: "look" }, { content }],
});

test("a text needs nothing, nor do texts to embed", () => {
  expect(asked({ input: "x", system: "y", messages: [{ text: "z" }] })).toEqual([]);
  expect(needsOf(create(EmbedRequestSchema, { inputs: ["x"] }))).toEqual([]);
});

test.each<[string, Message, string[]]>([
  ["tools", { tools: [{ kind: { case: "function", value: { name: "f" } } }] }, ["tools tools"]],
  ["a schema", { responseFormat: { format: { case: "jsonSchema", value: {} } } }, ["json_schema response_format"]],
  ["an image", withParts(media("image/png"), media("image/jpeg")), ["image_input messages[1].content"]],
  ["an image in its address", withParts(media("", "data:image/png;base64,AA==")), ["image_input messages[1].content"]],
  ["sound", withParts(media("audio/wav")), ["audio_input messages[1].content"]],
  ["film", withParts(media("video/mp4")), ["video_input messages[1].content"]],
  ["a PDF", withParts(media("application/pdf")), ["document_type messages[1].content"]],
  ["a text file", withParts(media("text/plain")), []],
  ["a file of no known type", withParts(media("")), []],
  [
    "an image that a tool gave",
    withParts({ part: { case: "toolResult", value: { content: [media("image/png")] } } }),
    ["image_input messages[1].content"],
  ],
])("%s", (_what, request, expected) => {
  expect(asked(request).map(({ capability, field }) => `${capability} ${field}`)).toEqual(expected);
});

test("a target that is not known to meet one is refused for it", () => {
  const [candidate] = candidatesOf({ p: 1 });
  if (candidate === undefined) throw new Error("no candidate");
  const needs = asked({
    messages: [{ text: "look" }, { content: [media("image/png")] }],
    tools: [{ kind: { case: "function", value: { name: "f" } } }],
  });
  const refusalOf = (features: string[], inputModalities: Modality[]) => {
    const facts = { ...unknownModel, features: new Set(features), inputModalities };
    return unmetBy({ ...candidate.target, facts }, needs);
  };
  expect(refusalOf(["tools"], [Modality.TEXT, Modality.IMAGE])).toBeUndefined();
  const refusal = refusalOf(["tools"], [Modality.TEXT]);
  expect(refusal?.reason).toBe("CAPABILITY_UNSUPPORTED");
  expect(refusal?.info).toEqual({ model: "p/m", capability: "image_input", field: "messages[1].content" });
  expect(refusalOf([], [Modality.IMAGE])?.info["capability"]).toBe("tools");
});

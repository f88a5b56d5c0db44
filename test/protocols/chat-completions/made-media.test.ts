import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { chatCompletions } from "../../../src/protocols/chat-completions/protocol.ts";
import { renderOpenAi } from "../../../src/providers/openai/render.ts";
import { completionOf, errorOf } from "../../support/dialect.ts";
import { answered, delta, done, ending, streamed, whole } from "./script.ts";

const wav = Buffer.concat([Buffer.from("RIFF\x10\0\0\0WAVEfmt ", "latin1"), Buffer.alloc(8)]);
const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const image = { type: "image_url", image_url: { url: `data:image/png;base64,${png.toString("base64")}` } };

interface Said {
  readonly message: { readonly content: readonly JsonObject[] };
}

const contentOf = (answer: unknown) => (answer as Said).message.content;

describe("sound that a model makes", () => {
  test("is a part beside its words", () => {
    const audio = { id: "audio_1", data: wav.toString("base64"), transcript: "Hello", expires_at: 1 };
    expect(contentOf(answered(whole({ content: null, audio })))).toEqual([
      { text: "Hello" },
      {
        media: { data: wav.toString("base64"), mimeType: "audio/wav" },
        signature: { provider: "openai", value: '{"audio":{"id":"audio_1"}}' },
      },
    ]);
  });

  test("comes in pieces of a stream, words between them", () => {
    const body = [
      delta({ role: "assistant", audio: { id: "audio_1", transcript: "Hel" } }),
      delta({ audio: { data: Buffer.from([1]).toString("base64") } }),
      delta({ audio: { transcript: "lo" } }),
      delta({ audio: { data: Buffer.from([2, 3]).toString("base64") } }),
      delta({ audio: { expires_at: 5 } }),
      ending("stop"),
      done,
    ];
    expect(contentOf(streamed(body.join("")))).toEqual([
      { text: "Hello" },
      {
        media: { data: Buffer.from([1, 2, 3]).toString("base64"), mimeType: "audio/pcm" },
        signature: { provider: "openai", value: '{"audio":{"id":"audio_1"}}' },
      },
    ]);
  });
});

test("pictures that a model makes are parts, whole or streamed", () => {
  const content = [
    { text: "Here" },
    {
      media: { data: png.toString("base64"), mimeType: "image/png" },
      signature: { provider: "openai", value: "images" },
    },
  ];
  expect(contentOf(answered(whole({ content: "Here", images: [image, {}, 7] })))).toEqual(content);
  const events = delta({ content: "Here" }) + delta({ content: "", images: [image] }) + ending("stop") + done;
  expect(contentOf(streamed(events))).toEqual(content);
});

describe("in the next turn", () => {
  const made = (signature: JsonObject) => ({
    messages: [
      {
        role: "ROLE_ASSISTANT",
        content: [{ text: "Here" }, { media: { data: png.toString("base64"), mimeType: "image/png" }, signature }],
      },
    ],
    input: "and?",
  });
  const sound = { provider: "p", value: '{"audio":{"id":"audio_1"}}' };

  test("sound goes back by its id, and pictures whole", () => {
    const attempt = (signature: JsonObject) => completionOf(made(signature));
    for (const render of [chatCompletions.render, renderOpenAi]) {
      const { body, warnings } = render(attempt(sound));
      expect(body.messages[0]).toEqual({ role: "assistant", content: "Here", audio: { id: "audio_1" } });
      expect(warnings).toEqual([]);
    }
    const { body } = chatCompletions.render(attempt({ provider: "p", value: "images" }));
    expect(body.messages[0]).toEqual({ role: "assistant", content: "Here", images: [image] });
  });

  test("neither can be given to another provider", () => {
    for (const value of [sound.value, "images"]) {
      const attempt = completionOf(made({ provider: "other", value }));
      expect(errorOf(() => chatCompletions.render(attempt)).reason).toBe("CAPABILITY_UNSUPPORTED");
    }
  });
});

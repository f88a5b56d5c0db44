import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { chatCompletion } from "../../../src/surfaces/chat/answer.ts";
import { ChoicePieces } from "../../../src/surfaces/chat/pieces.ts";
import { readChat } from "../../../src/surfaces/chat/request.ts";
import { eventsOf } from "../../support/unfold.ts";

interface Spoken {
  readonly audio?: { readonly id: string; readonly data: string; readonly transcript: string };
}

const signature = { provider: "mine", value: '{"audio":{"id":"audio_1"}}' };
const answer = create(CompleteResponseSchema, {
  message: {
    content: [
      { part: { case: "text", value: "Hi" } },
      {
        part: { case: "media", value: { source: { case: "data", value: Buffer.from("x") }, mimeType: "audio/wav" } },
        signature,
      },
    ],
  },
});

test("sound is in the answer, whole and in pieces, and goes back by its id", () => {
  const whole = chatCompletion([answer]) as { choices: [{ message: Spoken }] };
  const { audio } = whole.choices[0].message;
  expect(audio).toMatchObject({ data: Buffer.from("x").toString("base64"), transcript: "Hi" });
  const pieces = new ChoicePieces({ head: '{"choices":[{"index":', tail: "}]}\n" }, 0).write(eventsOf(answer));
  const deltas = pieces
    .trim()
    .split("\n")
    .map((line): Spoken => JSON.parse(line).choices[0].delta);
  expect(deltas.flatMap((delta) => delta.audio ?? [])).toEqual([{ ...audio, transcript: "" }]);
  const messages = [{ role: "assistant", audio: { id: audio?.id } }];
  const { request } = readChat({ value: { messages }, exact: () => undefined });
  expect(request.messages[0]?.content[0]).toMatchObject({ part: { case: "media" }, signature });
});

import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CompleteRequestSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { ChatMessageSchema, ContentPartSchema, Role } from "../../../gen/llmhub/v1/content_pb.ts";
import { LossReport } from "../../../src/protocols/chat-completions/loss-report.ts";
import { renderMessages } from "../../../src/protocols/chat-completions/messages.ts";
import { textMessages } from "../../../src/protocols/chat-completions/text-messages.ts";
import { anyAttempt } from "./recording.ts";

const text = fc.oneof(fc.constant(""), fc.string({ unit: "grapheme", maxLength: 8 }));
const part = text.map((value) => create(ContentPartSchema, { part: { case: "text", value } }));
const message = fc
  .record({
    role: fc.constantFrom(Role.UNSPECIFIED, Role.SYSTEM, Role.USER, Role.ASSISTANT),
    text,
    name: fc.constantFrom("", "", "ann"),
    content: fc.array(part, { maxLength: 1 }),
  })
  .map((fields) => create(ChatMessageSchema, fields));
const request = fc
  .record({ system: text, input: text, messages: fc.array(message, { maxLength: 4 }) })
  .map((fields) => create(CompleteRequestSchema, fields));

test("messages of one text each are what they are beside any other", () => {
  fc.assert(
    fc.property(request, (plain) => {
      const pair = [0, 1].map(() => create(ContentPartSchema, { part: { case: "text", value: "" } }));
      const other = create(ChatMessageSchema, { role: Role.USER, content: pair });
      const all = { ...plain, messages: [other, ...plain.messages] };
      const losses = new LossReport(anyAttempt(false), true);
      expect(textMessages(all)).toBeUndefined();
      const rendered = renderMessages(all, losses).filter(({ content }) => typeof content === "string");
      expect(JSON.stringify(textMessages(plain))).toBe(JSON.stringify(rendered));
      expect(losses.warnings).toEqual([]);
    }),
    { seed: 11, numRuns: 300 },
  );
});

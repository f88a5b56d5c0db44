import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { CompleteResponseSchema } from "../../../gen/llmhub/v1/completion_pb.ts";
import { folded } from "../../support/dialect.ts";
import { chunksOf, itemsOf, whole } from "./asking.ts";

/** The message of an answer, after its JSON went to the client and came back. */
function said(output: readonly JsonObject[], request: JsonObject = {}): JsonObject {
  const answer = toJson(CompleteResponseSchema, folded(chunksOf(whole(output), false, [], request)));
  return JSON.parse(JSON.stringify((answer as JsonObject)["message"]));
}

const given = (output: readonly JsonObject[], more: JsonObject = {}, request: JsonObject = {}) =>
  itemsOf([{ text: "q" }, said(output, request), { text: "go on" }], more);

const message = { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text: "So" }] };
const call = { type: "function_call", call_id: "c", name: "f", arguments: '{"a": 1}' };
const reasoning = {
  id: "rs_1",
  type: "reasoning",
  summary: [
    { type: "summary_text", text: "First" },
    { type: "summary_text", text: "then" },
  ],
  encrypted_content: "SECRET",
};

describe("goes back as it came", () => {
  test.each<[string, JsonObject[], JsonObject[]]>([
    ["reasoning with its summaries", [reasoning, call], [reasoning, call]],
    ["reasoning without any", [{ ...reasoning, summary: [] }, call], [{ ...reasoning, summary: [] }, call]],
    [
      "reasoning in the open",
      [{ id: "rs_1", type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm" }] }, message],
      [
        { id: "rs_1", type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm" }] },
        { role: "assistant", content: "So" },
      ],
    ],
    [
      "two reasonings in a row",
      [reasoning, { ...reasoning, id: "rs_2" }, call],
      [reasoning, { ...reasoning, id: "rs_2" }, call],
    ],
    [
      "the phase of a message",
      [{ ...message, phase: "commentary" }, call, { ...message, phase: "final_answer" }],
      [
        { role: "assistant", content: "So", phase: "commentary" },
        call,
        { role: "assistant", content: "So", phase: "final_answer" },
      ],
    ],
    [
      "the group and the caller of a call",
      [{ ...call, namespace: "n", caller: { type: "program", caller_id: "p" } }],
      [{ ...call, namespace: "n", caller: { type: "program", caller_id: "p" } }],
    ],
    [
      "a use of the server's own tools between",
      [reasoning, { id: "ws_1", type: "web_search_call", status: "completed" }, message],
      [reasoning, { id: "ws_1", type: "web_search_call", status: "completed" }, { role: "assistant", content: "So" }],
    ],
  ])("%s", (_, output, back) => {
    const { items, warnings } = given(output);
    expect(items.slice(1, -1)).toEqual(back);
    expect(warnings).toEqual([]);
  });

  test("reasoning that the caller did not see", () => {
    const hidden = { reasoning: { hideText: true } };
    expect(given([reasoning, call], {}, hidden).items.slice(1, -1)).toEqual([{ ...reasoning, summary: [] }, call]);
    const open = { id: "rs_1", type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "Hm" }] };
    expect(given([open, call], {}, hidden).items.slice(1, -1)).toEqual([open, call]);
  });
});

describe("is dropped, with a warning,", () => {
  const dropped = ["PART_DROPPED messages[1].content[0]"];

  test("reasoning after which nothing was said", () => {
    const { items, warnings } = given([reasoning]);
    expect(items).toEqual([
      { role: "user", content: "q" },
      { role: "user", content: "go on" },
    ]);
    expect(warnings).toEqual(dropped);
  });

  test("a summary whose reasoning the server does not have, unless it keeps answers", () => {
    const summary = { ...reasoning, encrypted_content: null };
    expect(given([summary, call])).toMatchObject({ items: [{}, call, {}], warnings: dropped });
    const kept = given([summary, call], { providerOptions: { acme: { store: true } } });
    expect(kept).toMatchObject({ items: [{}, { id: "rs_1", summary: summary.summary }, call, {}], warnings: [] });
  });

  test("reasoning and phases of another provider", () => {
    const other = said([reasoning, { ...message, phase: "commentary" }]);
    const json = JSON.parse(JSON.stringify(other).replaceAll('"provider":"acme"', '"provider":"elsewhere"'));
    const { items, warnings } = itemsOf([json]);
    expect(items).toEqual([{ role: "assistant", content: "So" }]);
    expect(warnings).toEqual([
      "PART_DROPPED messages[0].content[0]",
      "SIGNATURE_DROPPED messages[0].content[2].signature",
    ]);
  });

  test("a signature that cannot be read", () => {
    const part = { reasoning: { encryptedContent: "S" }, signature: { provider: "acme", value: "ErUB" } };
    const { items, warnings } = itemsOf([{ role: "ROLE_ASSISTANT", content: [part, { text: "So" }] }]);
    expect({ items, warnings }).toEqual({
      items: [{ role: "assistant", content: "So" }],
      warnings: ["PART_DROPPED messages[0].content[0]"],
    });
  });
});

test("ids of calls that the conversation has already are made anew", () => {
  const before = [{ role: "ROLE_ASSISTANT", content: [{ toolCall: { id: "c", name: "f" } }] }];
  const answer = folded(chunksOf(whole([call]), false, [], { messages: before }));
  expect(answer.message?.content[0]?.part).toMatchObject({ value: { id: expect.not.stringMatching(/^c$/) } });
});

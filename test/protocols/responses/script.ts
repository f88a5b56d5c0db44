import type { JsonObject } from "@bufbuild/protobuf";
import { completed } from "./asking.ts";

/** A count of tokens. */
export const usage = {
  input_tokens: 9,
  input_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
  output_tokens: 7,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 16,
};
const token = (text: string) => ({
  token: text,
  logprob: -0.5,
  top_logprobs: [
    { token: text, logprob: -0.5 },
    { token: "x", logprob: -2 },
  ],
});
const link = { type: "url_citation", url: "https://a.test", title: "A", start_index: 0, end_index: 2 };
const file = { type: "file_citation", file_id: "file-1", filename: "b.txt", index: 7 };
const texts = [
  { type: "output_text", text: "Hi 🌍", annotations: [link, file], logprobs: [token("Hi"), token(" 🌍")] },
  { type: "output_text", text: "More", annotations: [] },
];
/** Items of every sort that has a form of its own here. */
export const items: JsonObject[] = [
  {
    id: "rs_1",
    type: "reasoning",
    summary: [
      { type: "summary_text", text: "First" },
      { type: "summary_text", text: "then" },
    ],
    encrypted_content: "SECRET",
  },
  { id: "ws_1", type: "web_search_call", status: "completed", action: { type: "search", query: "q" } },
  { id: "msg_1", type: "message", role: "assistant", phase: "commentary", content: texts },
  { id: "fc_1", type: "function_call", call_id: "c1", name: "f", arguments: '{"a": 1.0}', namespace: "n" },
  { id: "fc_2", type: "function_call", call_id: "c1", name: "g", arguments: "" },
];

/** Pieces of an answer of these items, told in events, without the last. */
export const events: JsonObject[] = [
  { type: "response.created", response: { id: "resp_1", model: "m-2", status: "in_progress" } },
  { type: "response.output_item.added", output_index: 0, item: { id: "rs_1", type: "reasoning", summary: [] } },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "Fir" },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "st" },
  { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 1, delta: "then" },
  { type: "response.output_item.done", output_index: 0, item: items[0] ?? {} },
  { type: "response.output_item.done", output_index: 1, item: items[1] ?? {} },
  { type: "response.output_item.added", output_index: 2, item: { ...items[2], content: [] } },
  { type: "response.output_text.delta", output_index: 2, content_index: 0, delta: "Hi", logprobs: [token("Hi")] },
  { type: "response.output_text.delta", output_index: 2, content_index: 0, delta: " 🌍", logprobs: [token(" 🌍")] },
  { type: "response.output_text.annotation.added", output_index: 2, content_index: 0, annotation: link },
  { type: "response.content_part.done", output_index: 2, content_index: 0, part: texts[0] ?? {} },
  { type: "response.output_text.delta", output_index: 2, content_index: 1, delta: "More" },
  { type: "response.output_item.done", output_index: 2, item: items[2] ?? {} },
  { type: "response.output_item.added", output_index: 3, item: { ...items[3], arguments: "" } },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: '{"a": ' },
  { type: "response.function_call_arguments.delta", output_index: 3, delta: "1.0}" },
  { type: "response.output_item.done", output_index: 3, item: items[3] ?? {} },
  { type: "response.output_item.added", output_index: 4, item: items[4] ?? {} },
  { type: "response.output_item.done", output_index: 4, item: items[4] ?? {} },
];
/** The last event of that answer. */
export const end = { type: "response.completed", response: completed(items, { usage, service_tier: "flex" }) };

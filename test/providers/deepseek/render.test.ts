import type { JsonObject } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { deepseek } from "../../../src/providers/deepseek/deepseek.ts";
import { bodyOf } from "../../support/provider-body.ts";

const model = "deepseek-v4-flash";
const thought = (text: string) => ({
  reasoning: { text },
  signature: { provider: "deepseek", value: "reasoning_content" },
});
const said = (...content: JsonObject[]) => ({ role: "ROLE_ASSISTANT", content });
const hi = { text: "hi" };

it("switches thinking off by a field of its own, and leaves levels to the server", () => {
  const off = bodyOf(deepseek, model, { input: "hi", reasoning: { effort: "none" }, temperature: 1 });
  expect(off.body).toMatchObject({ thinking: { type: "disabled" }, temperature: 1 });
  expect(off.body).not.toHaveProperty("reasoning_effort");
  expect(bodyOf(deepseek, model, { input: "hi", reasoning: { effort: "max" } }).body).toMatchObject({
    reasoning_effort: "max",
  });
});

it("warns of what is ignored while the model thinks", () => {
  const request = { input: "hi", temperature: 1, frequencyPenalty: 1, topP: 0.9, seed: 1, endUserId: "u" };
  const { body, warnings } = bodyOf(deepseek, model, request);
  expect(body).toEqual({ model, messages: [{ role: "user", content: "hi" }], top_p: 0.9 });
  const ignored = ["seed", "end_user_id", "temperature", "frequency_penalty"];
  expect(warnings).toEqual(ignored.map((field) => `SETTING_IGNORED ${field}`));
  expect(bodyOf(deepseek, "deepseek-chat", { input: "hi", temperature: 1 }).body).toHaveProperty("temperature", 1);
});

it("shows the model a schema that the API would refuse", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } };
  const request = { system: "Be brief.", input: "hi", responseFormat: { jsonSchema: { schema } } };
  const { body, warnings } = bodyOf(deepseek, model, request);
  expect(body["response_format"]).toEqual({ type: "json_object" });
  const [first] = JSON.parse(JSON.stringify(body["messages"]));
  expect(first.content).toMatch(/^Be brief\.\n\n.*JSON Schema/);
  expect(first.content).toContain(JSON.stringify(schema.properties));
  expect(warnings).toEqual(["SETTING_CHANGED response_format.json_schema"]);
});

it("continues an answer that the caller has begun, by the beta API", () => {
  const { path, body } = bodyOf(deepseek, model, { messages: [hi, said({ text: "Once" })] });
  expect(path).toBe("/beta/chat/completions");
  expect(body["messages"]).toEqual([
    { role: "user", content: "hi" },
    { role: "assistant", content: "Once", prefix: true },
  ]);
  expect(bodyOf(deepseek, model, { input: "hi" }).path).toBe("/chat/completions");
});

describe("reasoning goes back", () => {
  const call = { toolCall: { id: "c", name: "f", argumentsJson: "{}" } };
  const result = { role: "ROLE_TOOL", content: [{ toolResult: { toolCallId: "c", content: [{ text: "1" }] } }] };

  it("with every answer on the way from the user through tools, and later too", () => {
    const messages = [hi, said(thought("call it"), call), result, said(thought("done"), { text: "1" }), hi];
    const { body, warnings } = bodyOf(deepseek, model, { messages });
    expect(body["messages"]).toMatchObject([
      {},
      { reasoning_content: "call it", content: null },
      { role: "tool" },
      { reasoning_content: "done", content: "1" },
      {},
    ]);
    expect(warnings).toEqual([]);
  });

  it("nowhere else", () => {
    const messages = [hi, said(thought("call it"), call), result, hi, said(thought("easy"), { text: "1" }), hi];
    const { body, warnings } = bodyOf(deepseek, model, { messages });
    expect(JSON.stringify(body)).not.toContain("easy");
    expect(warnings).toEqual(["PART_DROPPED messages[4].content[0]"]);
  });
});

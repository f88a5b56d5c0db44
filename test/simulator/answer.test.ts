import { describe, expect, test } from "vitest";
import { answerTo } from "../../src/simulator/answer.ts";
import type { Ask } from "../../src/simulator/ask.ts";

const plain: Ask = {
  model: "gpt",
  stream: false,
  prompt: "Hello there",
  attachments: [],
  toolResults: [],
  tools: [],
  toolChoice: { kind: "auto" },
  parallelTools: true,
  announcesTools: false,
  format: { kind: "text" },
  outputTokensMax: undefined,
  stops: [],
  reasoningTokensMax: undefined,
  inputTokens: 3,
};
const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const weather = { name: "get_weather", schema: city };
const time = { name: "getLocalTime", schema: city };
const ask = (prompt: string, more: Partial<Ask> = {}) => answerTo({ ...plain, prompt, ...more });
const said = (prompt: string, more: Partial<Ask> = {}) => ask(prompt, more).text.join("");
const calls = (prompt: string, more: Partial<Ask> = {}) =>
  ask(prompt, { tools: [weather, time], ...more }).calls.map((call) => `${call.name} ${call.arguments}`);

describe("text", () => {
  test("gives the prompt back", () => expect(said("Hello there")).toBe("You said: “Hello there”. Happy to help!"));
  test("counts", () => expect(said("Count to 10, please")).toBe("1, 2, 3, 4, 5, 6, 7, 8, 9, 10."));
  test.each(["write 200 words about rivers", "tell me, in 200 words, about rivers", "a 200-word text"])(
    "%s",
    (prompt) => {
      const answer = ask(prompt);
      expect(answer.text.join("").split(" ")).toHaveLength(200);
      expect(answer.outputTokens).toBe(200);
    },
  );
  test("never goes above 100,000 tokens", () => expect(ask("write 999999 words").outputTokens).toBe(100_000));
  test("mentions what came along", () =>
    expect(said("What is it?", { attachments: ["image", "image", "document"] })).toMatch(
      /^I received 2 images and 1 document\. You said/,
    ));
  test("is cut by the token limit", () => {
    const answer = ask("Count to 10", { outputTokensMax: 3 });
    expect(answer).toMatchObject({ ending: "length", outputTokens: 3 });
    expect(answer.text.join("")).toBe("1, 2, 3,");
  });
  test("ends at the first stop sequence", () => {
    const answer = ask("Count to 10", { stops: ["9", ", 4"] });
    expect(answer).toMatchObject({ ending: "stop-sequence", stopSequence: ", 4" });
    expect(answer.text.join("")).toBe("1, 2, 3");
  });
  test("reasoning counts towards the limit", () => {
    const answer = ask("Hello", { reasoningTokensMax: 5, outputTokensMax: 6 });
    expect(answer).toMatchObject({ ending: "length", outputTokens: 6 });
    expect(answer.reasoning).toHaveLength(5);
  });
});

describe("tools", () => {
  test("are called when the prompt names them or is about them", () => {
    expect(calls("Use get_weather for Oslo")).toEqual(['get_weather {"city":"Oslo"}']);
    expect(calls("What's the weather in New York?")).toEqual(['get_weather {"city":"New York"}']);
    expect(calls("please use the tool")).toHaveLength(1);
    expect(calls("Tell me a story")).toEqual([]);
  });
  test("are called for each thing asked for, unless parallel calls are off", () => {
    const both = "What's the weather in New York and the time in Tokyo?";
    expect(calls(both)).toEqual(['get_weather {"city":"New York"}', 'getLocalTime {"city":"Tokyo"}']);
    expect(calls(both, { parallelTools: false })).toHaveLength(1);
    expect(calls("Weather in Rome and Oslo")).toEqual(['get_weather {"city":"Rome"}', 'get_weather {"city":"Oslo"}']);
  });
  test("follow the choice", () => {
    expect(calls("Weather in Rome", { toolChoice: { kind: "none" } })).toEqual([]);
    expect(calls("Hi", { toolChoice: { kind: "required" } })).toEqual(['get_weather {"city":"Paris"}']);
    expect(calls("Weather in Rome", { toolChoice: { kind: "named", name: "getLocalTime" } })).toEqual([
      'getLocalTime {"city":"Rome"}',
    ]);
  });
  test("are answered with what they gave", () => {
    const toolResults = [{ name: "get_weather", text: "21 °C" }];
    const answer = ask("Weather in Rome", { tools: [weather], toolResults });
    expect(answer).toMatchObject({ calls: [], ending: "stop" });
    expect(answer.text.join("")).toBe("According to get_weather: 21 °C");
  });
  test("that do not fit the limit are left out", () => {
    expect(ask("Weather in Rome", { tools: [weather], outputTokensMax: 2 })).toMatchObject({
      calls: [],
      ending: "length",
    });
  });
});

describe("format", () => {
  test("fills the schema", () => {
    expect(JSON.parse(said("Where is Ada?", { format: { kind: "json", schema: city } }))).toEqual({ city: "Ada" });
  });
  test("is any object without one", () => {
    expect(JSON.parse(said("Hi", { format: { kind: "json", schema: undefined } }))).toHaveProperty("answer");
  });
});

import { expect, test } from "vitest";
import { bytesOf } from "./answer.ts";

test("arguments in small deltas are one JSON text of the size asked for", () => {
  for (const bytes of [20, 1000, 64_000]) {
    const events = bytesOf({ kind: "arguments", bytes }).map(String);
    const text = events.flatMap((event) => /"arguments":("(?:[^"\\]|\\.)*")/.exec(event)?.[1] ?? []);
    const whole = text.map((each) => JSON.parse(each)).join("");
    expect(whole).toHaveLength(bytes);
    expect(Object.keys(JSON.parse(whole))).toEqual(["text"]);
  }
});

test("a whole answer has the text asked for", () => {
  const [body] = bytesOf({ kind: "whole", textBytes: 5000 });
  expect(JSON.parse(`${body}`).choices[0].message.content).toHaveLength(5000);
});

test("a stream has the pieces or calls asked for, between its role and its end", () => {
  expect(bytesOf({ kind: "pieces", count: 10 })).toHaveLength(14);
  const calls = bytesOf({ kind: "calls", count: 3 }).map(String);
  expect(calls.filter((event) => event.includes('"name":"look_up"'))).toHaveLength(3);
  expect(calls.at(-1)).toBe("data: [DONE]\n\n");
});

import type { JsonObject } from "@bufbuild/protobuf";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import { answerOf, completionOf } from "../../support/dialect.ts";

export const aim = { provider: "gemini", model: "gemini-2.5-flash" };
export const unary = completionOf({ input: "hi" }, aim);
export const streaming = completionOf({ input: "hi" }, { ...aim, stream: true });

export const response = (parts: readonly object[], more: object = {}, rest: object = {}) => ({
  candidates: [{ content: { parts, role: "model" }, index: 0, ...more }],
  ...rest,
});
export const stop = { finishReason: "STOP" };
export const usage = (candidatesTokenCount: number) => ({
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount },
});
export const sse = (...events: object[]) =>
  Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(""));
export const array = (...elements: object[]) =>
  Buffer.from(JSON.stringify(elements, null, 2).replaceAll("},\n  {", "}\n,\n{"));
export const body = (value: object) => [Buffer.from(JSON.stringify(value))];
export const streamed = (...events: object[]) => answerOf(gemini, streaming, [sse(...events)]) as JsonObject;
export const whole = (value: object) => answerOf(gemini, unary, body(value)) as JsonObject;
export const contentOf = ({ message }: JsonObject) => (message as JsonObject | undefined)?.["content"];

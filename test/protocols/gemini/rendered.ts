import type { JsonObject } from "@bufbuild/protobuf";
import { gemini } from "../../../src/protocols/gemini/protocol.ts";
import type { GenerateBody } from "../../../src/protocols/gemini/wire.ts";
import { type Aim, completionOf } from "../../support/dialect.ts";

/** The smallest request. */
export const hi = { input: "hi" };

export const bodyOf = (json: JsonObject, aim: Aim = {}): GenerateBody =>
  gemini.render(completionOf(json, { provider: "gemini", model: "gemini-2.5-flash", ...aim })).body;

export const turnsOf = (json: JsonObject, aim: Aim = {}) => bodyOf(json, aim).contents;

/** A turn of the model that consists of one part. */
export const said = (part: JsonObject): JsonObject => ({
  messages: [
    { text: "go" },
    { role: "ROLE_ASSISTANT", content: [part] },
    ...("toolCall" in part ? [result({ toolCallId: "c1", content: [{ text: "ok" }] })] : [{ text: "on" }]),
  ],
});

export const result = (toolResult: JsonObject) => ({ role: "ROLE_TOOL", content: [{ toolResult }] });

export const call = (more: JsonObject = {}) => ({
  toolCall: { id: "c1", name: "f", argumentsJson: '{"a":1.0}' },
  ...more,
});

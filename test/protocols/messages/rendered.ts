import type { JsonObject } from "@bufbuild/protobuf";
import { messages } from "../../../src/protocols/messages/protocol.ts";
import { attemptOf, knownFacts, requestOf } from "./cases.ts";

/** The smallest request. */
export const hi = { input: "hi" };
/** One function without arguments. */
export const functions = { tools: [{ function: { name: "f" } }] };

export const render = (json: JsonObject, facts = knownFacts(), stream = false) =>
  messages.render(attemptOf(requestOf(json), stream, facts));

export const bodyOf = (json: JsonObject, facts = knownFacts()) => render(json, facts).body;

/** "CODE field" of each warning. */
export const warningsOf = (json: JsonObject, facts = knownFacts()) =>
  render(json, facts).warnings.map(({ code, field }) => `${code} ${field}`);

/** What rendering throws, if it does. */
export function refusalOf(json: JsonObject): unknown {
  try {
    render(json);
  } catch (error) {
    return error;
  }
  return undefined;
}

import { expect, it } from "vitest";
import { noteFields } from "../../../src/protocols/chat-completions/own-fields.ts";
import { readChat } from "../../../src/protocols/chat-completions/read.ts";
import { anyAttempt, folded } from "./recording.ts";
import { delta, done, ending, event } from "./script.ts";

it("notes what says something; of a field that comes again the last counts", () => {
  const metadata = { a: 7, z: 1 };
  noteFields({ a: 0, b: null, c: "", d: false, e: 1 }, ["a", "b", "c", "d", "missing"], metadata);
  expect(metadata).toEqual({ a: 0, d: false, z: 1 });
  for (const nothing of [undefined, null, "a", ["a"], {}]) noteFields(nothing, ["a"], metadata);
  expect(metadata).toEqual({ a: 0, d: false, z: 1 });
});

it("puts into the metadata what any piece of a stream says, one without a choice too", () => {
  const attempt = anyAttempt(true);
  const reader = readChat(attempt, { note: (piece, metadata) => noteFields(piece, ["extra", "more"], metadata) });
  const out: Parameters<typeof reader.end>[0] = [];
  const stream = event({ choices: [], extra: 1 }) + delta({ content: "Hi" }) + event({ choices: [], more: { a: 1 } });
  reader.push(Buffer.from(stream + ending("stop") + done), out);
  reader.end(out);
  expect(folded(out)).toMatchObject({ providerMetadata: { openai: { extra: 1, more: { a: 1 } } } });
});

it("counts where a server does", () => {
  const reader = readChat(anyAttempt(true), { usage: () => ({ prompt_tokens: 1, completion_tokens: 2 }) });
  const out: Parameters<typeof reader.end>[0] = [];
  reader.push(Buffer.from(delta({ content: "Hi" }) + ending("stop") + done), out);
  reader.end(out);
  expect(folded(out)).toMatchObject({ usage: { inputTokens: 1, outputTokens: 2 } });
});

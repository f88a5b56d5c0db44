import { BadRequest } from "./dialect.ts";
import { type JsonObject, list, object, string } from "./json.ts";

const textCharacters = /\S/;

/** Throws BadRequest, in AWS's words, for a conversation that Converse turns down. */
export function demandConversation(turns: readonly JsonObject[], tools: JsonObject): void {
  if (turns.length === 0) throw new BadRequest("The messages field must hold at least one message.");
  for (const [at, turn] of turns.entries()) {
    const content = list(turn["content"]).map(object);
    if (content.length === 0) {
      throw new BadRequest(`The content field in the Message object at messages.${at} is empty.`);
    }
    if (turn["role"] === turns[at - 1]?.["role"]) {
      throw new BadRequest(
        "A conversation must alternate between user and assistant roles. Make sure the conversation alternates " +
          "between user and assistant roles and try again.",
      );
    }
    demandText(content, at);
    demandResults(content, list(turns[at - 1]?.["content"]).map(object), at);
  }
  const usesTools = turns.some((turn) => list(turn["content"]).some((block) => "toolUse" in object(block)));
  if (usesTools && list(tools["tools"]).length === 0) {
    throw new BadRequest("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
  }
}

function demandText(content: readonly JsonObject[], at: number): void {
  const blank = content.findIndex(({ text }) => typeof text === "string" && !textCharacters.test(text));
  if (blank === -1) return;
  const place = `messages.${at}.content.${blank}`;
  throw new BadRequest(
    `The text field in the ContentBlock object at ${place} is blank. Add text to the text field, and try again.`,
  );
}

/** A result of a tool answers a call in the message before. */
function demandResults(content: readonly JsonObject[], before: readonly JsonObject[], at: number): void {
  const called = new Set(before.map((block) => object(block["toolUse"])["toolUseId"]));
  const results = content.flatMap((block) => block["toolResult"] ?? []).map(object);
  const stray = results.find((result) => !called.has(string(result["toolUseId"])));
  if (stray === undefined) return;
  throw new BadRequest(
    `The number of toolResult blocks at messages.${at}.content exceeds the number of toolUse blocks of previous turn.`,
  );
}

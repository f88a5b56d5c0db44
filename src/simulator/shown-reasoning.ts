import { isObject, type JsonObject, list, object, string } from "./json.ts";

/** What a message, or an addition to it, holds when the model thinks this. */
type Showing = (text: string) => JsonObject;

/** How models show what they think, by how their names begin; OpenAI's, and all others here, do not show it. */
const showings: readonly (readonly [RegExp, Showing])[] = [
  [/^(deepseek|grok)/, (text) => ({ reasoning_content: text })],
  [/^(openai\/|qwen)/, (text) => ({ reasoning: text })],
  [/^(mistral|magistral)/, (text) => ({ content: [{ type: "thinking", thinking: [{ type: "text", text }] }] })],
];

/** How a model shows what it thinks; undefined where it does not. */
export function showingOf(model: string): Showing | undefined {
  return showings.find(([name]) => name.test(model))?.[1];
}

/** The message with what the model thought before it; itself where nothing was thought or nothing is shown. */
export function withThoughts(message: JsonObject, model: string, text: string): JsonObject {
  const shown = text === "" ? undefined : showingOf(model)?.(text);
  if (shown === undefined || !("content" in shown)) return { ...message, ...shown };
  const said = string(message["content"]);
  return { ...message, content: [...list(shown["content"]), ...(said === "" ? [] : [{ type: "text", text: said }])] };
}

/** Whether a request asks for reasoning, in the words of OpenAI, DeepSeek or OpenRouter. */
export function asksToReason(body: JsonObject): boolean {
  const { reasoning, reasoning_effort, thinking } = body;
  const { effort, max_tokens, enabled } = object(reasoning);
  if ([string(reasoning_effort), string(effort)].some((word) => word !== "" && word !== "none")) return true;
  return (
    object(thinking)["type"] === "enabled" || (isObject(reasoning) && (max_tokens !== undefined || enabled === true))
  );
}

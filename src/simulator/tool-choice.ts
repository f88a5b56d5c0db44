import type { Ask, Tool } from "./ask.ts";
import { type Hints, rotate } from "./hints.ts";
import { sample } from "./sample.ts";
import { fragmentsOf } from "./tokens.ts";

const callsMax = 4;
const vagueWords: ReadonlySet<string> = new Set(
  "all and by create current data do fetch find for from function get info list lookup make new run set the tool user with".split(
    " ",
  ),
);
const severalWanted = /\b(?:both|several|each|twice|two|multiple|parallel|simultaneously)\b/i;
const toolWanted = /\b(?:use|call|invoke|run)\b.{0,20}\btools?\b/is;

/** A call of a tool, its arguments as JSON text. */
export interface ToolCall {
  readonly name: string;
  readonly arguments: string;
}

/** Tokens a call counts for: one for its name, one for each delta of its arguments. */
export function callTokens(call: ToolCall): number {
  return 1 + fragmentsOf(call.arguments).length;
}

/**
 * The calls a model would make: those demanded, or those whose tool the prompt names or is about. Up to four; with
 * results of tools in hand none but the demanded ones.
 */
export function chooseCalls(ask: Ask, hints: Hints): ToolCall[] {
  const tools = chooseTools(ask);
  const only = tools[0];
  if (only === undefined) return [];
  const repeated = tools.length === 1 ? Array.from({ length: repeats(hints) }, () => only) : tools;
  return repeated.slice(0, ask.parallelTools ? callsMax : 1).map((tool, at) => ({
    name: tool.name,
    arguments: JSON.stringify(sample(tool.schema, rotate(hints, at), "required")),
  }));
}

function chooseTools(ask: Ask): readonly Tool[] {
  const { toolChoice, tools, prompt } = ask;
  if (toolChoice.kind === "none") return [];
  if (toolChoice.kind === "named") return tools.filter((tool) => tool.name === toolChoice.name);
  if (toolChoice.kind === "auto" && ask.toolResults.length > 0) return [];
  const matching = matchingTools(tools, prompt.toLowerCase());
  if (matching.length > 0) return matching;
  return toolChoice.kind === "required" || toolWanted.test(prompt) ? tools.slice(0, 1) : [];
}

function matchingTools(tools: readonly Tool[], prompt: string): readonly Tool[] {
  const named = tools.filter((tool) => tool.name !== "" && prompt.includes(tool.name.toLowerCase()));
  if (named.length > 0) return named;
  const spoken = new Set((prompt.match(/\p{L}+/gu) ?? []).map(singular));
  return tools.filter((tool) => wordsOf(tool.name).some((word) => spoken.has(word)));
}

function wordsOf(name: string): string[] {
  const words = name.split(/[^\p{L}]+|(?<=\p{Ll})(?=\p{Lu})/u).map((word) => singular(word.toLowerCase()));
  return words.filter((word) => word.length > 2 && !vagueWords.has(word));
}

function singular(word: string): string {
  return word.length > 3 && word.endsWith("s") ? word.slice(0, -1) : word;
}

function repeats(hints: Hints): number {
  const joined = hints.phrases.length > 1 && /\band\b|&/i.test(hints.text);
  if (joined) return hints.phrases.length;
  return severalWanted.test(hints.text) ? 2 : 1;
}

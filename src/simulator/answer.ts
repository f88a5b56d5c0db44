import type { Ask } from "./ask.ts";
import { type Hints, readHints } from "./hints.ts";
import { replyTo } from "./prose.ts";
import { sample } from "./sample.ts";
import { tokensOf } from "./tokens.ts";
import { callTokens, chooseCalls, type ToolCall } from "./tool-choice.ts";

const outputTokensCap = 100_000;

/** Why an answer ended. */
export type Ending = "stop" | "stop-sequence" | "length" | "tools" | "refusal";

/** What is said, cut into tokens, before any dialect writes it. With "refusal" the text is the refusal. */
export interface Answer {
  readonly reasoning: readonly string[];
  readonly text: readonly string[];
  readonly calls: readonly ToolCall[];
  readonly ending: Ending;
  /** Filled with the ending "stop-sequence". */
  readonly stopSequence: string | undefined;
  readonly outputTokens: number;
}

/** Decides the answer; the same ask gets the same one. Never more than 100,000 tokens. */
export function answerTo(ask: Ask): Answer {
  const hints = readHints(ask.prompt);
  const calls = chooseCalls(ask, hints);
  const stopped = stopAt(textOf(ask, hints, calls), ask.stops);
  const budget = Math.min(ask.outputTokensMax ?? outputTokensCap, outputTokensCap);
  return withinBudget(ask, stopped, calls, budget);
}

function textOf(ask: Ask, hints: Hints, calls: readonly ToolCall[]): string {
  if (calls.length > 0) {
    const names = [...new Set(calls.map((call) => call.name))].join(" and ");
    return ask.announcesTools && ask.toolChoice.kind === "auto" ? `Let me use ${names} for that.` : "";
  }
  if (ask.format.kind === "text") return replyTo(ask);
  const { schema } = ask.format;
  const known = ask.toolResults.length > 0 ? readHints(ask.toolResults.map((result) => result.text).join("\n")) : hints;
  return JSON.stringify(schema === undefined ? { answer: replyTo(ask) } : sample(schema, known, "all"));
}

interface Stopped {
  readonly text: string;
  readonly stop: string | undefined;
}

function stopAt(text: string, stops: readonly string[]): Stopped {
  let at = text.length;
  let stop: string | undefined;
  for (const each of stops) {
    const found = each === "" ? -1 : text.indexOf(each);
    if (found >= 0 && found < at) [at, stop] = [found, each];
  }
  return { text: text.slice(0, at), stop };
}

function withinBudget(ask: Ask, { text: whole, stop }: Stopped, calls: readonly ToolCall[], budget: number): Answer {
  const reasoning = thoughtsOn(ask).slice(0, budget);
  const wanted = tokensOf(whole);
  const text = wanted.slice(0, budget - reasoning.length);
  const fitting: ToolCall[] = [];
  let outputTokens = reasoning.length + text.length;
  for (const call of calls) {
    if (outputTokens + callTokens(call) > budget) break;
    fitting.push(call);
    outputTokens += callTokens(call);
  }
  const isCut = text.length < wanted.length || fitting.length < calls.length;
  const finished: Ending = stop !== undefined ? "stop-sequence" : calls.length > 0 ? "tools" : "stop";
  const ending = isCut ? "length" : finished;
  const stopSequence = ending === "stop-sequence" ? stop : undefined;
  return { reasoning, text, calls: fitting, ending, stopSequence, outputTokens };
}

function thoughtsOn(ask: Ask): string[] {
  if (ask.reasoningTokensMax === undefined) return [];
  const about = ask.prompt.slice(0, 400).trim().split(/\s+/).slice(0, 20).join(" ");
  return tokensOf(`The user wrote: ${about}. I should look at what is asked and answer it in short.`).slice(
    0,
    ask.reasoningTokensMax,
  );
}

const refusalText = tokensOf("I'm sorry, but I can't assist with that.");

/** The answer of a model that declines. */
export const refusal: Answer = {
  reasoning: [],
  text: refusalText,
  calls: [],
  ending: "refusal",
  stopSequence: undefined,
  outputTokens: refusalText.length,
};

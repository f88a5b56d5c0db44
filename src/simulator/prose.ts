import type { Ask } from "./ask.ts";

const wordsMax = 100_000;
const echoCharsMax = 600;
const resultCharsMax = 2_000;
const sentenceWords = 12;

const vocabulary = (
  "the morning light moves over quiet hills while a small river carries leaves past the old mill and " +
  "children follow it along the bank counting stones and telling each other where they think it goes " +
  "beyond the bridge where gardens open and bees work in rows of blue flowers until evening comes slowly"
).split(" ");

/** What the simulator says in plain text: results of tools, a counted or measured text, or the prompt given back. */
export function replyTo(ask: Ask): string {
  if (ask.toolResults.length > 0) return ask.toolResults.map(tell).join("\n");
  const received = receipt(ask.attachments);
  const count = /\bcount\b.{0,20}\bto (\d{1,6})\b/is.exec(ask.prompt)?.[1];
  const length = /\b(\d{1,6})[\s-]+(?:words?|tokens?)\b/i.exec(ask.prompt)?.[1];
  const reply =
    count !== undefined ? counted(Number(count)) : length !== undefined ? prose(Number(length)) : echo(ask.prompt);
  return [received, reply].filter((part) => part !== "").join(" ");
}

function tell({ name, text }: { name: string; text: string }): string {
  const result = cut(text.trim(), resultCharsMax);
  return `According to ${name === "" ? "the tool" : name}: ${result === "" ? "(an empty result)" : result}`;
}

function echo(prompt: string): string {
  const said = cut(prompt.trim(), echoCharsMax);
  return said === "" ? "Hello! How can I help you?" : `You said: “${said}”. Happy to help!`;
}

function receipt(attachments: readonly string[]): string {
  if (attachments.length === 0) return "";
  const kinds = [...new Set(attachments)].map((kind) => {
    const count = attachments.filter((each) => each === kind).length;
    return `${count} ${kind}${count === 1 ? "" : "s"}`;
  });
  return `I received ${kinds.join(" and ")}.`;
}

function counted(to: number): string {
  return `${Array.from({ length: Math.min(to, wordsMax) }, (_, at) => at + 1).join(", ")}.`;
}

function prose(words: number): string {
  const count = Math.min(words, wordsMax);
  return Array.from({ length: count }, (_, at) => {
    const word = vocabulary[at % vocabulary.length] ?? "";
    const opened = at % sentenceWords === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word;
    return at % sentenceWords === sentenceWords - 1 || at === count - 1 ? `${opened}.` : opened;
  }).join(" ");
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax
    ? text
    : `${text
        .slice(0, charsMax)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}…`;
}

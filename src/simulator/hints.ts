const charsMax = 4000;
const phrasesMax = 8;
const numbersMax = 64;
const capitalised = /\p{Lu}[\p{L}\p{N}'’-]*(?: \p{Lu}[\p{L}\p{N}'’-]*)*/gu;
const sentenceStart = /(?:^|[.!?:]\s*|\n\s*)$/u;

const commonWords: ReadonlySet<string> = new Set(
  (
    "a an and are at book both call can check compute could create do does fetch find for from generate get give hello hey hi how i " +
    "i'd i'm if in is it json let list look make my of on or please return say search send show should solve tell the " +
    "there these this time to use using was weather what what's when where which who will with would write you"
  ).split(" "),
);

/** What a prompt offers for filling in values: names of people and places, numbers, the text itself. */
export interface Hints {
  readonly text: string;
  /** Capitalised phrases, those inside a sentence first. */
  readonly phrases: readonly string[];
  readonly numbers: readonly number[];
}

/** Reads the hints of a prompt's first 4000 characters. */
export function readHints(prompt: string): Hints {
  const text = prompt.slice(0, charsMax).trim();
  const inner: string[] = [];
  const opening: string[] = [];
  for (const match of text.matchAll(capitalised)) {
    const opens = sentenceStart.test(text.slice(0, match.index).slice(-8));
    const phrase = withoutCommonWords(match[0]);
    if (phrase !== "") (opens && phrase === match[0] ? opening : inner).push(phrase);
  }
  const phrases = [...new Set([...inner, ...opening])].slice(0, phrasesMax);
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).slice(0, numbersMax).map(Number);
  return { text, phrases, numbers };
}

/** The same hints with other phrases first, so that a second call is about something else. */
export function rotate(hints: Hints, by: number): Hints {
  const at = hints.phrases.length === 0 ? 0 : by % hints.phrases.length;
  return { ...hints, phrases: [...hints.phrases.slice(at), ...hints.phrases.slice(0, at)] };
}

function withoutCommonWords(phrase: string): string {
  const words = phrase.split(" ");
  while (words[0] !== undefined && commonWords.has(words[0].toLowerCase().replace("’", "'"))) words.shift();
  return words.join(" ");
}

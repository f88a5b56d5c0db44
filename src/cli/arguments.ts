import { parseArgs } from "node:util";
import { didYouMean } from "../config/suggestion.ts";
import { CommandError, type Options } from "./command.ts";

type Values<Specs extends Options> = {
  readonly [Name in keyof Specs]: Specs[Name]["type"] extends "boolean"
    ? boolean
    : Specs[Name] extends { readonly default: string }
      ? string
      : string | undefined;
};

/** Options by name, and the other words. */
export interface Arguments<Specs extends Options> {
  readonly values: Values<Specs>;
  readonly words: readonly string[];
}

/** Reads a command line. Throws a CommandError that says which option is wrong and what may have been meant. */
export function readArguments<const Specs extends Options>(args: readonly string[], specs: Specs): Arguments<Specs> {
  const { tokens } = parseArgs({ args: [...args], options: { ...specs }, strict: false, tokens: true });
  const values: Record<string, string | boolean | undefined> = {};
  for (const [name, spec] of Object.entries(specs)) values[name] = spec.type === "boolean" ? false : spec.default;
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind === "option") values[token.name] = optionValue(token.name, token.rawName, token.value, specs);
  }
  return { values: values as Values<Specs>, words };
}

function optionValue(name: string, shown: string, value: string | undefined, specs: Options): string | boolean {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) {
    const names = Object.keys(specs).map((known) => `--${known}`);
    throw new CommandError("usage", `unknown option ${shown}${didYouMean(shown, names)}`);
  }
  if (spec.type === "boolean") {
    if (value !== undefined) throw new CommandError("usage", `${shown} takes no value`);
    return true;
  }
  if (!value) throw new CommandError("usage", `${shown} needs a value: ${shown} ${spec.value ?? "VALUE"}`);
  return value;
}

/** A whole number from the command line. */
export function wholeNumber(shown: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new CommandError("usage", `${shown} must be a whole number from ${min} to ${max}`);
}

/** Refuses words where a command takes none. */
export function noWords(words: readonly string[]): void {
  if (words.length > 0) throw new CommandError("usage", `unexpected argument: ${words[0]}`);
}

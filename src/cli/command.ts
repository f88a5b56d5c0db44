import type { EventEmitter } from "node:events";
import type { Environment } from "../config/substitution.ts";

/** What the exit code of the program says. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  config: 3,
  unreachable: 4,
  answer: 5,
  interrupted: 130,
} as const;

/** Name of an exit code. */
export type Exit = keyof typeof exitCodes;

/** A stream that text is written to; `isTTY` when a person reads it. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The world as a command sees it. */
export interface Shell {
  readonly env: Environment;
  readonly stdin: AsyncIterable<Buffer | string> & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** Emits "SIGINT", "SIGTERM" and "SIGHUP". */
  readonly signals: Pick<EventEmitter, "on" | "once" | "off">;
}

/** An option of a command: what parseArgs needs, and what the help says. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Name of the value in the help. */
  readonly value?: string;
  readonly about: string;
  /** Taken when the option is absent; shown in the help. */
  readonly default?: string;
}

/** Options by name, without the dashes. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** One command of the program. */
export interface Command {
  /** Forms of the command line after the program's name. */
  readonly usage: readonly string[];
  /** What it does, in paragraphs. */
  readonly about: string;
  readonly options: Options;
  readonly examples: readonly string[];
  /** How it can end, besides ok and usage. */
  readonly exits: readonly Exit[];
  run(args: readonly string[], shell: Shell): Promise<Exit>;
}

/** Ends a command with a message for a person. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exit: Exit;

  constructor(exit: Exit, message: string) {
    super(message);
    this.exit = exit;
  }
}

import type { Rendering } from "../messages/rendering.ts";
import { type OutputBound, planThinking } from "../messages/thinking.ts";
import { outputBound } from "../output-bound.ts";

/** Name of the file with the system prompt, in the directory where the program runs. */
export const systemFile = "system.txt";

/** One question, one answer, no tools, no settings, plugins, servers or sessions of the machine. */
const fixedArguments: readonly string[] = [
  "--print",
  "--input-format=stream-json",
  "--output-format=stream-json",
  "--verbose",
  "--include-partial-messages",
  "--max-turns=1",
  "--tools=",
  "--strict-mcp-config",
  "--setting-sources=",
  "--disable-slash-commands",
  "--no-session-persistence",
  `--system-prompt-file=${systemFile}`,
];

/** Keeps the program to what it is asked. Repeats are the gateway's own; and "@path" in a prompt must not read a file. */
const fixedEnvironment: Readonly<Record<string, string>> = {
  TERM: "dumb",
  NO_COLOR: "1",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_COMPACT: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
  CLAUDE_CODE_DISABLE_AUTO_MEMORY: "1",
  CLAUDE_CODE_DISABLE_CLAUDE_MDS: "1",
  CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: "1",
  CLAUDE_CODE_MAX_RETRIES: "0",
};

/** Output limit that is planned with where neither the request nor the catalogue names one: the program's own. */
const maxTokensDefault = 32_000;

/** How the program is started. */
export interface Command {
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The command line and the variables that say which model answers, how long, and after how much thought. */
export function commandOf(rendering: Rendering): Command {
  const bound = boundOf(rendering);
  const { thinking, effort, maxTokens } = planThinking(rendering, bound, undefined, []);
  const isLimited = rendering.request.maxOutputTokens !== undefined;
  // Left to itself the program makes the model think as much as it may; the API it stands for does not.
  const budget = thinking?.type === "enabled" ? thinking.budget_tokens : thinking?.type === "adaptive" ? undefined : 0;
  return {
    arguments: [
      ...fixedArguments,
      // In one word with its value, so that no value is taken for an option.
      `--model=${rendering.target.model}`,
      ...(effort === undefined ? [] : [`--effort=${effort}`]),
    ],
    environment: {
      ...fixedEnvironment,
      ...(isLimited ? { CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(maxTokens) } : {}),
      ...(budget === undefined ? {} : { MAX_THINKING_TOKENS: String(budget) }),
    },
  };
}

function boundOf(rendering: Rendering): OutputBound {
  const maxTokens = outputBound(rendering) ?? (rendering.target.facts.maxOutputTokens || maxTokensDefault);
  return { maxTokens, isFixed: true };
}

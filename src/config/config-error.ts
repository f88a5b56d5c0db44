/** One thing wrong with the configuration. None of its members holds a value that was configured. */
export interface Problem {
  /** "llmhub.yaml:3:5", or the name of an environment variable. */
  readonly at: string;
  /** "auth.keys[0].sha256"; empty for the whole. */
  readonly path: string;
  /** What is wrong and how to mend it. */
  readonly message: string;
}

/** The configuration cannot be used. The message lists every problem, one per line, and never shows a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const inOrder = problems.toSorted((a, b) => a.at.localeCompare(b.at, "en", { numeric: true }));
    super(inOrder.map(lineOf).join("\n"));
    this.problems = inOrder;
  }
}

function lineOf({ at, path, message }: Problem): string {
  return `${at}${path === "" ? "" : ` ${path}`}: ${message}`;
}

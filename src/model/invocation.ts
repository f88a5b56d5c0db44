/** One run of a program: what a dialect renders, and what the carrier that starts programs reads out of a body. */
export interface Invocation {
  /** Every user of the machine can see them: nothing of a prompt and no credential may be here. */
  readonly arguments: readonly string[];
  /** Variables besides those that every run gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Written to its input, which is closed then. */
  readonly input: string;
  /** Files by name in the directory where it runs; nobody but the gateway's own user can read them. */
  readonly files: Readonly<Record<string, string>>;
}

import { createHash, randomBytes } from "node:crypto";
import { readArguments } from "./arguments.ts";
import { type Command, CommandError, type Exit, type Shell } from "./command.ts";

const options = {
  id: { type: "string", value: "NAME", about: "name of the key in logs and metrics", default: "my-key" },
} as const;

/** Makes an API key: the key for the caller, its hash for the configuration. */
export const keys: Command = {
  usage: ["keys new [--id NAME]"],
  about: `Makes an API key and prints it once, with the lines to paste into the configuration.
The gateway stores only the SHA-256 of a key, so a lost key cannot be found again.`,
  options,
  examples: ["llmhub keys new --id ci"],
  exits: [],
  run,
};

async function run(args: readonly string[], { stdout }: Shell): Promise<Exit> {
  const { values, words } = readArguments(args, options);
  if (words.length !== 1 || words[0] !== "new") throw new CommandError("usage", "say what to do: llmhub keys new");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(values.id)) {
    throw new CommandError("usage", "--id must begin with a letter or digit, then letters, digits, dots, - or _");
  }
  const key = `lh_${randomBytes(32).toString("base64url")}`;
  stdout.write(`Key, shown only now. Give it to the caller, who sends "authorization: Bearer KEY":

  ${key}

Lines for the configuration file:

auth:
  mode: keys
  keys:
    - id: "${values.id}"
      sha256: "${createHash("sha256").update(key).digest("hex")}"
`);
  return "ok";
}

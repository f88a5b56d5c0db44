import { commands } from "./commands.ts";
import { commandHelp, programHelp } from "./help.ts";

/** The page about the program and each of its commands: what `--help` says. */
export async function commandReference(): Promise<string> {
  const pages = [...commands].map(async ([name, { load }]) => `## ${name}\n\n${quoted(commandHelp(await load()))}`);
  return [quoted(programHelp(commands)), ...(await Promise.all(pages))].join("\n");
}

function quoted(help: string): string {
  return `\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
}

import { CommandError } from "./command.ts";

/** Oldest minor version of Node.js 24 whose HTTP/2 takes the headers of an answer as a list, as all answers of gRPC give them. */
const minorMin = 7;

/** Refuses, with a CommandError, a version of Node.js below that of "engines" in package.json. */
export function checkNode(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= minorMin)) return;
  throw new CommandError("failure", `the gateway needs Node.js 24.${minorMin} or newer, and this is ${version}`);
}

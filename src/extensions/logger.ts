import type { Logger, LogLine } from "../telemetry/logger.ts";
import type { ExtensionFields, ExtensionLine, ExtensionLogger } from "./contract.ts";

const factsMax = 16;
const nameCharsMax = 40;
const textCharsMax = 256;

/** The log as an extension sees it: each line bears its name, and none is longer than a line should be. */
export function extensionLogger({ debug, info, warn, error }: Logger, extension: string): ExtensionLogger {
  const as = (line: LogLine): ExtensionLine => {
    return (message, fields) => {
      const facts = fields && bounded(fields);
      line({ extension, ...(facts && { facts }) }, String(message).slice(0, textCharsMax));
    };
  };
  return { debug: as(debug), info: as(info), warn: as(warn), error: as(error) };
}

function bounded(fields: ExtensionFields): ExtensionFields {
  const kept = Object.entries(fields).slice(0, factsMax);
  return Object.fromEntries(kept.map(([name, value]) => [name.slice(0, nameCharsMax), factOf(value)]));
}

function factOf(value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  // Whatever else plain JavaScript gives may not even have a text.
  return typeof value === "string" ? value.slice(0, textCharsMax) : typeof value;
}

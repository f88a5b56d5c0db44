import { Secret } from "../model/secret.ts";
import { FileError, readBounded } from "./bounded-file.ts";
import type { Findings } from "./findings.ts";
import { isRecord } from "./record.ts";
import type { Path } from "./yaml-file.ts";

/** Largest file of a secret or certificate chain. */
const secretFileBytesMax = 256 * 1024;
/** What an HTTP header value may hold. */
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const filePrefix = "file:";
/** Maps and lists inside each other. */
const depthMax = 32;

/** The value itself or the contents of the file that it names. */
export async function settingOf(value: string, path: Path, findings: Findings): Promise<Secret> {
  return new Secret(await textOf(value, path, findings));
}

/** The same for what is sent as a header. */
export async function headerSecretOf(value: string, path: Path, findings: Findings): Promise<Secret> {
  const secret = await settingOf(value, path, findings);
  if (!headerValue.test(secret.reveal())) findings.add(path, "has a line break or a sign that a header cannot hold");
  return secret;
}

/** The text of a file that the configuration names; undefined, with a problem found, if it cannot be used. */
export async function readNamed(path: string, at: Path, findings: Findings): Promise<string | undefined> {
  findings.files.push(path);
  try {
    return await readBounded(path, secretFileBytesMax);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    findings.add(at, `names a file that cannot be used: ${error.message}`);
    return undefined;
  }
}

/** A value of any shape, with the contents of files in place of the texts that name them. */
export async function filled(value: unknown, path: Path, findings: Findings): Promise<unknown> {
  if (typeof value === "string") return textOf(value, path, findings);
  if (typeof value !== "object" || value === null) return value;
  if (path.length > depthMax) {
    findings.add(path, `is nested too deeply; ${depthMax} levels are the limit`);
    return undefined;
  }
  if (Array.isArray(value)) {
    return Promise.all(value.map((each: unknown, index) => filled(each, [...path, index], findings)));
  }
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(async ([name, each]) => {
    return [name, await filled(each, [...path, name], findings)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function textOf(value: string, path: Path, findings: Findings): Promise<string> {
  if (!value.startsWith(filePrefix)) return value;
  const text = (await readNamed(value.slice(filePrefix.length), path, findings))?.replace(/\r?\n$/, "");
  if (text === "") findings.add(path, "names a file that is empty");
  return text ?? "";
}

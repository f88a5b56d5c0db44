import { isDeepStrictEqual } from "node:util";
import type { Config } from "./schema.ts";

const sections = ["server", "log"];
const certificates = /^server\.tls\.(?:cert|key|clientCa)$/;

/** Whether a setting, by its dotted path, counts from the next start on; all others do as soon as the file is read again. */
export function wantsRestart(path: string): boolean {
  return sections.includes(path.split(".", 1)[0] ?? "") && !certificates.test(path);
}

/** What to tell an operator of a new configuration that is not wholly in use; undefined: it is. */
export function restartNeeded(before: Config, next: Config): string | undefined {
  const sameServer = isDeepStrictEqual(fixed(before), fixed(next));
  const problems = [
    ...(sameServer ? [] : ["of server, only the certificates change while it runs"]),
    ...(isDeepStrictEqual(before.log, next.log) ? [] : ["log does not change while it runs"]),
  ];
  return problems.length === 0 ? undefined : `${problems.join("; ")}; restart for the rest`;
}

/** Of the server all but the contents of certificates. */
function fixed({ server: { tls, ...server } }: Config): object {
  return { ...server, tls: tls && { asksCallers: tls.clientCa !== undefined, clientCert: tls.clientCert } };
}

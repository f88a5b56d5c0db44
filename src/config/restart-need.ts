import { isDeepStrictEqual } from "node:util";
import type { Config } from "./schema.ts";

const sections = ["server", "tracing", "log"];
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
    ...(textOf(before) === textOf(next) ? [] : ["tracing does not change while it runs"]),
    ...(isDeepStrictEqual(before.log, next.log) ? [] : ["log does not change while it runs"]),
  ];
  return problems.length === 0 ? undefined : `${problems.join("; ")}; restart for the rest`;
}

/** Of the server all but the contents of certificates. */
function fixed({ server: { tls, ...server } }: Config): object {
  return { ...server, tls: tls && { asksCallers: tls.clientCa !== undefined, clientCert: tls.clientCert } };
}

/** Secrets show no difference of their own. */
function textOf({ tracing }: Config): string {
  if (tracing === undefined) return "";
  const headers = Object.entries(tracing.headers).map(([name, value]) => [name, value.reveal()]);
  return JSON.stringify({ ...tracing, headers });
}

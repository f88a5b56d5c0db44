import { isDeepStrictEqual } from "node:util";
import type { ServerConfig } from "./schema.ts";

/** What to tell an operator of a new `server` that is not wholly in use; undefined: it is. Only certificates change while it runs. */
export function restartNeeded(
  { tls: oldTls, ...before }: ServerConfig,
  { tls, ...next }: ServerConfig,
): string | undefined {
  if (isDeepStrictEqual(before, next) && (tls === undefined) === (oldTls === undefined)) return undefined;
  return "of server, only the certificates change while it runs; restart for the rest";
}

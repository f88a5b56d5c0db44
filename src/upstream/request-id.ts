import type { Headers } from "../model/protocol.ts";

/** Where providers put their id of a request, best first. */
const names = ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"];

/** The provider's id of a request, for support tickets, at most 128 characters; empty when it gives none. */
export function requestIdOf(headers: Headers): string {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string") return value.slice(0, 128);
  }
  return "";
}

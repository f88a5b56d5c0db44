import type { Headers } from "./protocol.ts";

/** Where providers put their id of a request, best first. */
const names = ["x-request-id", "request-id", "apim-request-id", "x-amzn-requestid", "cf-ray"];

/** Longest id that is passed on, in characters. */
export const requestIdCharsMax = 128;

/** The provider's id of a request, for support tickets; empty when it gives none. */
export function requestIdOf(headers: Headers): string {
  return requestIdIn({ get: (name) => headers[name] });
}

/** The same, of headers that are found by their names. */
export function requestIdIn(headers: { get(name: string): Headers[string] }): string {
  for (const name of names) {
    const value = headers.get(name);
    if (typeof value === "string") return value.slice(0, requestIdCharsMax);
  }
  return "";
}

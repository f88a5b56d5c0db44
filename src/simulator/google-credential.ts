import type { Asking, CredentialDoubt } from "./dialect.ts";

/** Where Google's APIs take a key. */
export const keyHeader = "x-goog-api-key";

/** The secret as a key in its header or in the query, or as a token. */
export function doubtGoogle({ header, query }: Asking, secret: string): CredentialDoubt | undefined {
  const token = header("authorization").replace(/^Bearer /, "");
  const given = header(keyHeader) || (new URLSearchParams(query).get("key") ?? "") || token;
  if (given === "") return "missing";
  return given === secret ? undefined : "wrong";
}

import type { Asking, CredentialDoubt } from "./dialect.ts";

/** The secret in a header of its own. */
export function doubtHeader(name: string): (asking: Asking, secret: string) => CredentialDoubt | undefined {
  return ({ header }, secret) => {
    const given = header(name);
    if (given === "") return "missing";
    return given === secret ? undefined : "wrong";
  };
}

/** The secret as a bearer token. */
export function doubtBearer({ header }: Asking, secret: string): CredentialDoubt | undefined {
  const given = header("authorization");
  if (given === "") return "missing";
  return given === `Bearer ${secret}` ? undefined : "wrong";
}

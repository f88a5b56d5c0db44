import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../model/error.ts";

/** The secret that a caller shows, from either of the two headers. Throws CREDENTIALS_MISSING, or API_KEY_INVALID for none that is clear. */
export function shownKey(headers: IncomingHttpHeaders): string {
  const { authorization } = headers;
  const apiKey = headers["x-api-key"];
  if (authorization === undefined && apiKey === undefined) {
    throw keyMissing("");
  }
  const bearer = authorization === undefined ? undefined : /^bearer +([^\s,]+)$/i.exec(authorization)?.[1];
  if (authorization !== undefined && bearer === undefined) {
    throw new GatewayError("API_KEY_INVALID", "the authorization header is not of the form Bearer lh_...");
  }
  const secret = bearer ?? apiKey;
  if (typeof secret !== "string" || (apiKey !== undefined && apiKey !== secret)) {
    throw new GatewayError("API_KEY_INVALID", "the call shows two different API keys - send one of them only");
  }
  return secret;
}

/** The refusal of who shows no key. @param lack why its certificate does not do, for people; empty: there is none. */
export function keyMissing(lack: string): GatewayError {
  const reason = lack === "" ? "" : `. ${lack}`;
  return new GatewayError(
    "CREDENTIALS_MISSING",
    `an API key is needed - send it as authorization Bearer lh_...${reason}`,
  );
}

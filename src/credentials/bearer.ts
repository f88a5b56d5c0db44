import type { Authorizer, Proof } from "../model/authorizer.ts";
import type { Secret } from "../model/secret.ts";
import type { Surroundings } from "./surroundings.ts";
import { TokenCache } from "./token-cache.ts";

/** A bearer token as a token server issued it. */
export interface AccessToken {
  readonly token: Secret;
  readonly expiresMs: number;
}

/** A token with the headers that have to go with it. */
export interface BearerGrant extends AccessToken {
  readonly headers?: Proof;
}

/** Proves by a bearer token (RFC 6750) that is fetched when the first call needs it, and renewed in time. */
export class BearerAuthorizer implements Authorizer {
  readonly #proofs: TokenCache<Proof>;

  constructor(fetch: () => Promise<BearerGrant>, surroundings: Pick<Surroundings, "now" | "renewalFailed">) {
    this.#proofs = new TokenCache(async () => {
      const { token, expiresMs, headers } = await fetch();
      return { value: { authorization: `Bearer ${token.reveal()}`, ...headers }, expiresMs };
    }, surroundings);
  }

  /** The same headers for every request. */
  prove(): Proof | Promise<Proof> {
    return this.#proofs.get();
  }

  distrust(): void {
    this.#proofs.distrust();
  }
}

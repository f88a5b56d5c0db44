/** A request that is about to leave for a provider. */
export interface OutgoingRequest {
  readonly method: "GET" | "POST";
  /** Scheme, host, path and query, as they go over the wire. */
  readonly url: URL;
  /** Lower-case names, without host and content-length. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for GET. */
  readonly body: string;
}

/** The headers of one request that prove who asks. */
export type Proof = Readonly<Record<string, string>>;

/**
 * Proves to a provider who asks, where a constant header is not enough: a signature of the request, or a token that
 * expires. Answers at once unless something has to be fetched first. Rejects with a GatewayError:
 * PROVIDER_CREDENTIAL_INVALID where the credential is refused or missing, PROVIDER_UNAVAILABLE where nobody answers.
 */
export interface Authorizer {
  prove(request: OutgoingRequest): Proof | Promise<Proof>;
  /** A proof was refused. What it rests on may have been revoked or replaced, so it is fetched anew, if it can be. */
  distrust?(): void;
}

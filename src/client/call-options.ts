/** What concerns one call and not what it asks. */
export interface CallOptions {
  /** Ends the call, and what the gateway does for it. */
  readonly signal?: AbortSignal | undefined;
  /** Time for the whole call, repeats and resumed streams included. */
  readonly timeoutMs?: number | undefined;
  /** Sent beside those of the client, which they replace. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The same for every repeat of one piece of work: the gateway carries it out once. 1 to 255 visible ASCII characters. */
  readonly idempotencyKey?: string | undefined;
  /** Takes the headers of the answer, such as x-request-id and x-ratelimit-remaining-requests. */
  readonly onHeader?: ((headers: Headers) => void) | undefined;
}

/** A key that is sent as it is, or what gives it anew for each call. */
export type ApiKey = string | (() => string | Promise<string>);

/** How a client calls, whatever it asks. */
export interface ClientOptions {
  readonly apiKey?: ApiKey | undefined;
  /** Headers for each call, such as traceparent; gets the method: "llmhub.v1.CompletionService/Complete". */
  readonly headers?: ((method: string) => Readonly<Record<string, string>>) | undefined;
  /** For calls that name none. Undefined: the gateway's own limit. */
  readonly timeoutMs?: number | undefined;
  /** How failed calls are repeated; false: never. */
  readonly retry?: RepeatRules | false | undefined;
  /** How streams are taken up again after a break; false: never. */
  readonly resume?: RepeatRules | false | undefined;
}

/** Bounds of repeats. */
export interface RepeatRules {
  /** Tries altogether without anything coming of them; default 3, and 6 to take up a stream. */
  readonly attemptsMax?: number | undefined;
  /** Pause after the first failure, doubled after each further one, less up to half by chance; default 100. */
  readonly delayMs?: number | undefined;
  /** A longer pause is not waited for: the call fails. Default 30,000. */
  readonly delayMsMax?: number | undefined;
}

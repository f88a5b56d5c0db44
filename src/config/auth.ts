/** Who may call. Mode "off" goes with a loopback address only. */
export interface AuthConfig {
  readonly mode: "keys" | "off";
  /** At least one when the mode is "keys". */
  readonly keys: readonly ApiKeyConfig[];
  /** Everyone may make the calls of operators; goes with mode "off" only. */
  readonly adminWithoutKey: boolean;
}

/** An API key of a caller. */
interface ApiKeyConfig {
  readonly id: string;
  /** SHA-256 of the key, 64 lower-case hex digits. Undefined: it goes by its identities only. */
  readonly sha256: string | undefined;
  /** URIs and DNS names of client certificates that stand for it; no other key has them. */
  readonly identities: readonly string[];
  /** Whom it belongs to; empty for nobody in particular. */
  readonly tenant: string;
  /** Model selectors, as in Caller.models; undefined means all. */
  readonly models: readonly string[] | undefined;
  /** As in Caller.scopes. */
  readonly scopes: readonly "admin"[];
  /** Milliseconds since 1970, wall clock; undefined means never. */
  readonly expireTimeMs: number | undefined;
  readonly suspended: boolean;
}

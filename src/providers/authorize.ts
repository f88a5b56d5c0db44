/** The key as a bearer token (RFC 6750). */
export function bearer(key: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${key}` };
}

/** The key in a header of its own. */
export function apiKeyHeader(key: string): Readonly<Record<string, string>> {
  return { "x-api-key": key };
}

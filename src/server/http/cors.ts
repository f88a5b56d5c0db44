import { namedOrigins } from "../page-origins.ts";
import type { AnyRequest, AnyResponse } from "../request-handler.ts";

/** Web pages that may call. */
export interface CorsRules {
  /** "https://app.example.com"; "*" for any. */
  readonly origins: readonly string[];
  readonly maxAgeMs: number;
}

/** Headers of answers that a page may read besides the few that it always may. */
const exposed = [
  "x-request-id",
  "request-id",
  "retry-after",
  ...["limit", "remaining", "reset"].flatMap((fact) => [`x-ratelimit-${fact}-requests`, `x-ratelimit-${fact}-tokens`]),
  ...["id", "provider", "model", "attempts", "cache", "input-tokens", "output-tokens", "cost-nanos", "warnings"].map(
    (fact) => `x-llmhub-${fact}`,
  ),
  "x-llmhub-idempotent-replay",
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
].join(", ");

/**
 * Tells browsers which web pages may call, and answers what they ask beforehand. Pages send API keys in headers, never
 * cookies, so credentials in the sense of CORS are not allowed.
 */
export class Cors {
  readonly #any: boolean;
  readonly #isNamed: (origin: string) => boolean;
  readonly #maxAge: string;

  constructor({ origins, maxAgeMs }: CorsRules) {
    this.#any = origins.includes("*");
    this.#isNamed = namedOrigins(origins);
    this.#maxAge = String(Math.floor(maxAgeMs / 1000));
  }

  /** Adds what is to be told; true if that was the whole question. */
  answer(request: AnyRequest, response: AnyResponse): boolean {
    const { origin, "access-control-request-headers": headers } = request.headers;
    const isAsking = request.method === "OPTIONS" && "access-control-request-method" in request.headers;
    if (origin === undefined) return false;
    response.setHeader("vary", "origin");
    const isAllowed = this.#isNamed(origin);
    if (isAllowed) {
      response.setHeader("access-control-allow-origin", this.#any ? "*" : origin);
      response.setHeader("access-control-expose-headers", exposed);
    }
    if (!isAsking) return false;
    if (isAllowed) {
      response.setHeader("access-control-allow-methods", "GET, POST");
      if (typeof headers === "string") response.setHeader("access-control-allow-headers", headers);
      response.setHeader("access-control-max-age", this.#maxAge);
    }
    response.writeHead(isAllowed ? 204 : 403);
    response.end();
    return true;
  }
}

import type { ServiceImpl } from "@connectrpc/connect";
import {
  FlushCacheRequestSchema,
  GetDiagnosticsRequestSchema,
  type SystemService,
} from "../../gen/llmhub/admin/v1/system_service_pb.ts";
import { rpcOf } from "./context.ts";
import type { RequestValidator } from "./validation.ts";

/** Whose answers are to go; undefined: anybody's. */
interface FlushScope {
  readonly tenant?: string;
  readonly keyId?: string;
  readonly model?: string;
}

/** What there is to tell of a cache. */
export interface CacheReading {
  readonly driver: string;
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number | undefined;
}

/** What there is to tell of the gateway. */
export interface SystemReading {
  /** Calls that are admitted and have not ended. */
  readonly inFlight: number;
  /** Undefined: it is off. */
  readonly cache: CacheReading | undefined;
}

/** What operators may look at and change. */
export interface SystemParts {
  /** Drops answers of the response cache, and tells how many; rejects where that is not certain. */
  readonly flush: (scope: FlushScope, signal: AbortSignal) => Promise<number>;
  /** Never rejects because of what is shared with others. */
  readonly reading: (signal: AbortSignal) => Promise<SystemReading>;
  /** Why Redis cannot be used, if one is configured. */
  readonly redis: () => { readonly cause: string | undefined } | undefined;
}

/** SystemService, for callers whom admission let through. */
export function systemService(parts: SystemParts, { check }: RequestValidator): ServiceImpl<typeof SystemService> {
  return {
    async getDiagnostics(request, context) {
      check(GetDiagnosticsRequestSchema, request);
      const redis = parts.redis();
      const { inFlight, cache } = await parts.reading(rpcOf(context).signal);
      return {
        components: redis === undefined ? [] : [componentOf(redis)],
        inFlightRequests: inFlight,
        caches: cache === undefined ? [] : [statisticsOf(cache)],
      };
    },
    async flushCache(request, context) {
      check(FlushCacheRequestSchema, request);
      const { tenant, apiKey, model } = request;
      const scope = {
        ...(tenant !== "" && { tenant: lastOf(tenant) }),
        ...(apiKey !== "" && { keyId: lastOf(apiKey) }),
        ...(model !== "" && { model }),
      };
      return { removed: BigInt(await parts.flush(scope, rpcOf(context).signal)) };
    },
  };
}

function componentOf({ cause }: { readonly cause: string | undefined }) {
  const message = cause === undefined ? "" : `cannot be used (${cause}); each replica goes by what it knows itself`;
  return { component: "redis", healthy: cause === undefined, required: false, message };
}

function statisticsOf({ driver, entries, bytes, hits, misses, evictions }: CacheReading) {
  return {
    cache: "responses",
    driver,
    ...(entries !== undefined && { entries: BigInt(entries) }),
    ...(bytes !== undefined && { bytes: BigInt(bytes) }),
    hits: BigInt(hits),
    misses: BigInt(misses),
    ...(evictions !== undefined && { evictions: BigInt(evictions) }),
  };
}

/** "ci" of "apiKeys/ci". */
function lastOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

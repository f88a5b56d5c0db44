import type { MetricObjectWithValues, MetricValue } from "prom-client";
import type { SharedKeys } from "./cache/idempotency/stores.ts";
import type { Tags } from "./cache/store.ts";
import type { HealthNews } from "./health/news.ts";
import type { SharedStore } from "./limits/shared-store.ts";
import type { OpsReadiness } from "./server/ops.ts";
import type { StreamReader } from "./services/resume/stream-log.ts";
import type { SystemReading } from "./services/system.ts";

/** A metric as one process tells it to another. */
export type MetricObject = MetricObjectWithValues<MetricValue<string>>;

/** The other workers of a gateway, and the process that holds what they share, as one worker sees them. */
export interface Neighbours {
  /** Its own number, from 1. */
  readonly worker: number;
  /** Workers altogether. */
  readonly count: number;
  /** Behind each resume token of its own: others find the worker by it. */
  readonly tokenEnd: string;
  readonly limits: SharedStore;
  readonly keys: SharedKeys;
  /** Streams that others carry out. */
  readonly streams: StreamReader;
  /** Tells the others. What is lost on the way costs them some calls. */
  tell(news: HealthNews): void;
  /** Drops answers of the others, and tells how many. Rejects where that is not certain. */
  flush(tags: Partial<Tags>): Promise<number>;
  /** Of those others that answer in time. */
  readings(): Promise<readonly SystemReading[]>;
  /** From now on the others, and the process that holds what is shared, can ask this worker. */
  serve(duties: Duties): void;
}

/** What a worker does for the others. */
export interface Duties {
  readiness(): OpsReadiness;
  metrics(): Promise<readonly MetricObject[]>;
  readonly streams: StreamReader;
  follow(news: HealthNews): void;
  /** Whether health checks of providers are made here for all. */
  probe(isProbing: boolean): void;
  flush(tags: Partial<Tags>): Promise<number>;
  reading(): Promise<SystemReading>;
}

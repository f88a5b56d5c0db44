import type { Keeping, Tags } from "../cache/store.ts";
import type { HealthNews } from "../health/news.ts";
import type { SharedReservation } from "../limits/shared-store.ts";
import type { Verdict } from "../limits/verdict.ts";
import type { MetricObject } from "../neighbours.ts";
import type { OpsReadiness } from "../server/ops.ts";
import type { LogEntry } from "../services/resume/stream-log.ts";
import type { SystemReading } from "../services/system.ts";
import type { LogFields } from "../telemetry/logger.ts";
import type { Parcel } from "./parcel.ts";

/** What reading a kept stream takes, of whoever carries it out. */
type StreamTopics = {
  "streams.newest": readonly [token: string, LogEntry | undefined];
  "streams.read": readonly [{ readonly token: string; readonly after: number }, readonly LogEntry[]];
  "streams.attend": readonly [token: string, boolean];
};

/** What workers ask and tell the process that holds what they share. */
export type ToHolder = StreamTopics & {
  "limits.admit": readonly [SharedReservation, Verdict];
  "limits.raise": readonly [{ readonly id: string; readonly units: readonly number[] }, unknown];
  "limits.settle": readonly [{ readonly id: string; readonly units: readonly number[] }, unknown];
  "keys.get": readonly [name: string, Uint8Array | undefined];
  "keys.set": readonly [
    { readonly name: string; readonly record: Uint8Array; readonly keeping: Keeping },
    kept: boolean,
  ];
  "keys.take": readonly [Turn, "mine" | "taken" | "open"];
  "keys.extend": readonly [Turn, boolean];
  "keys.leave": readonly [Turn & { readonly isOpen: boolean }, unknown];
  news: readonly [HealthNews, unknown];
  flush: readonly [Partial<Tags>, number];
  readings: readonly [undefined, readonly SystemReading[]];
};

/** Whoever carries out the call of a key. */
interface Turn {
  readonly name: string;
  readonly token: string;
}

/** What a worker is asked and told. */
export type ToWorker = StreamTopics & {
  load: readonly [path: string | undefined, Loaded];
  start: readonly [Beginning, Started];
  /** Answers why the configuration is refused; undefined: it is in use. */
  reload: readonly [Parcel, string | undefined];
  /** Answers nothing: it ends. */
  drain: readonly [undefined, unknown];
  readiness: readonly [undefined, OpsReadiness];
  metrics: readonly [undefined, readonly MetricObject[]];
  news: readonly [HealthNews, unknown];
  probe: readonly [isProbing: boolean, unknown];
  flush: readonly [Partial<Tags>, number];
  reading: readonly [undefined, SystemReading];
};

/** A configuration, or what is wrong with it. */
export type Loaded =
  | { readonly case: "config"; readonly config: Parcel }
  | { readonly case: "problems"; readonly problems: readonly Problem[] }
  | ({ readonly case: "failed" } & Failure);

/** As in a ConfigError. */
interface Problem {
  readonly at: string;
  readonly path: string;
  readonly message: string;
}

/** Why a worker does not serve, for a person. */
export interface Failure {
  readonly exit: "failure" | "config";
  readonly message: string;
}

/** What a worker begins with. */
export interface Beginning {
  readonly config: Parcel;
  /** Its number, from 1. */
  readonly worker: number;
  /** Workers altogether. */
  readonly count: number;
  /** What the others have found out. */
  readonly news: readonly HealthNews[];
}

/** What a gateway tells of itself when it serves. */
export interface Facts {
  readonly address: string;
  readonly httpAddress: string | undefined;
  readonly facts: LogFields;
  readonly summary: readonly string[];
}

/** How a start went. */
export type Started = ({ readonly case: "serving" } & Facts) | ({ readonly case: "failed" } & Failure);

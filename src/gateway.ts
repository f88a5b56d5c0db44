import type { Config } from "./config/schema.ts";
import type { Surroundings } from "./credentials/surroundings.ts";
import type { Neighbours } from "./neighbours.ts";
import type { MemoryReading } from "./overload/memory-guard.ts";
import type { ProviderFacts } from "./providers/provider.ts";
import type { LogFields } from "./telemetry/logger.ts";

/** What the gateway starts with. */
export interface GatewayOptions {
  readonly config: Config;
  /** Where credentials that are not configured may be found. Absent: nowhere. */
  readonly surroundings?: Where;
  /** The kinds that providers can be of, by name. Absent: all that are shipped. */
  readonly kinds?: ReadonlyMap<string, ProviderFacts>;
  /** What memory is used. Absent: that of the process. */
  readonly readMemory?: () => MemoryReading;
  /** The other workers, of which this gateway is one. Absent: it is alone, and answers probes and scrapers itself. */
  readonly neighbours?: Neighbours;
}

/** The environment and the home directory of the process. */
export type Where = Pick<Surroundings, "env" | "homeDirectory">;

/** A running gateway. */
export interface Gateway {
  /** Where calls are taken: "127.0.0.1:50051". */
  readonly address: string;
  /** Where calls are taken, too: "127.0.0.1:4000". Undefined: nowhere else. */
  readonly httpAddress: string | undefined;
  /** Where probes and scrapers are answered; empty in a worker. */
  readonly opsAddress: string;
  /** What the log says of its start. */
  readonly facts: LogFields;
  /** Facts for people that the configuration does not show. */
  readonly summary: readonly string[];
  /** Takes a new configuration into use. Rejects, and keeps the old one, if it cannot work. */
  reload(config: Config): Promise<void>;
  /** Takes note of a configuration that could not be loaded. */
  reloadRefused(error: unknown): void;
  /** Takes note of an exception that nothing expected. The process goes on: one broken call must not end the others. */
  fault(error: unknown): void;
  /** Stops as load balancers and callers like it; resolves when nothing is left. */
  drain(): Promise<void>;
}

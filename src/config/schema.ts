import type { Secret } from "../model/secret.ts";
import type { ModelKind, Price } from "../model/target.ts";
import type { AuthConfig } from "./auth.ts";
import type { CacheConfig } from "./cache.ts";
import type { IdempotencyConfig } from "./idempotency.ts";
import type { OverloadConfig } from "./overload.ts";
import type { RoutingConfig } from "./routing.ts";
import type { TracingConfig } from "./tracing.ts";

/** Everything that an operator decides, resolved and checked: defaults are filled in, files are read. Immutable. */
export interface Config {
  readonly server: ServerConfig;
  readonly auth: AuthConfig;
  /** At least one, in the order of the file. */
  readonly providers: readonly ProviderConfig[];
  readonly models: ModelsConfig;
  readonly media: MediaConfig;
  /** Undefined: nothing is shared with other gateways. */
  readonly redis: RedisConfig | undefined;
  readonly streams: StreamsConfig;
  readonly health: HealthConfig;
  readonly cache: CacheConfig;
  readonly idempotency: IdempotencyConfig;
  /** All that concern a call hold at the same time. */
  readonly limits: readonly LimitConfig[];
  /** The first stands outermost around a call. */
  readonly extensions: readonly ExtensionConfig[];
  readonly overload: OverloadConfig;
  /** Undefined: calls are not recorded. */
  readonly tracing: TracingConfig | undefined;
  readonly log: LogConfig;
  /** Every file that was read for it: itself, certificates, secrets. A change of one calls for loading again. */
  readonly files: readonly string[];
}

/** Where to listen. */
export interface Address {
  /** Name or IP address; IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** The gateway as a server. */
export interface ServerConfig {
  readonly listen: Address;
  /** Where /livez, /readyz and /metrics are. */
  readonly opsListen: Address;
  /** One more address for calls. Undefined: none. */
  readonly httpListen: Address | undefined;
  readonly workers: number | "auto";
  /** Undefined: clear text. */
  readonly tls: TlsConfig | undefined;
  /** Undefined: web pages of other origins may not call. */
  readonly cors: CorsConfig | undefined;
  readonly limits: LimitsConfig;
  readonly drain: DrainConfig;
  /** Addresses, or networks such as "10.0.0.0/8", whose x-forwarded-for counts. */
  readonly trustedProxies: readonly string[];
  /** The same for x-forwarded-client-cert. */
  readonly identityProxies: readonly string[];
  /** Serve gRPC reflection. */
  readonly reflection: boolean;
}

/** Contents of the PEM files. */
export interface TlsConfig {
  readonly cert: string;
  readonly key: Secret;
  /** Authorities that sign the certificates of callers. Undefined: callers are not asked for one. */
  readonly clientCa: string | undefined;
  /** Whether a caller must show one. */
  readonly clientCert: "request" | "require";
}

/** Web pages that may call from a browser. */
export interface CorsConfig {
  /** "https://app.example.com"; "*" for any. */
  readonly origins: readonly string[];
  readonly maxAgeMs: number;
}

/** What one caller can take from the server. */
interface LimitsConfig {
  readonly requestBytesMax: number;
  readonly connectionsMax: number;
  /** Age at which a connection is asked to leave; its calls in flight go on. Undefined: none is too old. */
  readonly connectionAgeMs: number | undefined;
  readonly streamsPerConnectionMax: number;
  /** For the headers of a request to arrive. */
  readonly headerTimeoutMs: number;
  /** For the body of a request to arrive. */
  readonly bodyTimeoutMs: number;
  /** Longest deadline of a call; also the deadline of a call that brings none. */
  readonly deadlineMaxMs: number;
}

/** How the server stops. */
interface DrainConfig {
  /** From not being ready to refusing calls, for load balancers to notice. */
  readonly delayMs: number;
  /** For calls in flight to end. */
  readonly timeoutMs: number;
}

/** A provider to call. */
export interface ProviderConfig {
  /** Name in model selectors. */
  readonly id: string;
  /** Which provider module serves it; one of the kinds given to loadConfig. */
  readonly kind: string;
  readonly apiKey: Secret | undefined;
  /** In place of apiKey; empty: there is at most that one. */
  readonly credentials: readonly CredentialConfig[];
  /** http(s) URL without credentials, query and trailing slash. Undefined: the kind's own. */
  readonly baseUrl: string | undefined;
  /** Sent with every request, by lower-case name; values may hold credentials. */
  readonly headers: Readonly<Record<string, Secret>>;
  /** What the kind wants to know beside key and address, by name; some values are credentials. */
  readonly settings: Readonly<Record<string, Secret>>;
  /** Where it answers. Undefined: as the kind knows from settings, if it does. */
  readonly region: string | undefined;
  readonly tags: readonly string[];
  /** It is told where calls stand in their trace. */
  readonly tellsTrace: boolean;
  /** Undefined: the kind's own bound. */
  readonly connectionsMax: number | undefined;
  readonly timeouts: TimeoutsConfig;
  /** Show the models that it lists itself. Undefined: if no table of the kind is shipped. */
  readonly discover: boolean | undefined;
  /** What the operator knows of models, by name at the provider. */
  readonly models: ReadonlyMap<string, ModelConfig>;
}

/** One of several credentials of a provider. */
interface CredentialConfig {
  /** Unique within the provider. */
  readonly name: string;
  readonly apiKey: Secret | undefined;
  /** Take the place of the provider's own. */
  readonly settings: Readonly<Record<string, Secret>>;
}

/** Bounds on calls to a provider. */
interface TimeoutsConfig {
  /** For a connection to open, TLS included. */
  readonly connectMs: number;
  readonly firstOutputMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

/** Facts of a model that take the place of the built-in ones; undefined leaves those. */
export interface ModelConfig {
  /** Built-in model whose facts hold, where the name is the operator's own: a deployment. */
  readonly baseModel: string | undefined;
  readonly type: ModelKind | undefined;
  readonly contextWindow: number | undefined;
  readonly maxOutputTokens: number | undefined;
  readonly dimensions: number | undefined;
  readonly features: readonly string[] | undefined;
  readonly tags: readonly string[] | undefined;
  readonly prices: readonly Price[] | undefined;
}

/** How callers name models, and which of several answers. */
interface ModelsConfig extends RoutingConfig {
  /** Whatever can be named; undefined: none is configured. */
  readonly default: string | undefined;
  /** Name to alias, "provider/model", "policies/name" or "chains/name"; free of cycles, what they name exists. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Beginning of a model's name, with a "*" behind it, to the provider that it leads to. */
  readonly patterns: ReadonlyMap<string, string>;
}

/** Fetching of media by address, for providers that take bytes only. */
interface MediaConfig {
  /** Off: such addresses are refused. */
  readonly fetch: boolean;
  /** Of one file. */
  readonly bytesMax: number;
  /** For one file, redirects included. */
  readonly timeoutMs: number;
}

/** A Redis that replicas of the gateway share. */
export interface RedisConfig {
  /** redis:// or rediss://, with the credential. */
  readonly url: Secret;
  readonly keyPrefix: string;
  /** Longest wait for one answer. */
  readonly opTimeoutMs: number;
  /** Gateways that share it; each keeps its part of the limits while it does not answer. */
  readonly replicas: number;
}

/** A limit on one metric, as the operator wrote it. Every subject of the scope counts for itself. */
export interface LimitConfig {
  /** Whom it counts for. */
  readonly scope: "key" | "tenant" | "model" | "provider" | "ip";
  /** Name of a subject, or how names begin with a "*" behind it. Undefined: all. */
  readonly match: string | undefined;
  readonly metric: "requests" | "tokens" | "concurrent";
  readonly limit: number;
  /** The window; undefined for `concurrent`. */
  readonly per: "minute" | "hour" | "day" | undefined;
  readonly algorithm: "token-bucket" | "fixed-window" | "sliding-window";
  /** Output tokens that are taken for a call which bounds none, and again whenever its stream has used them. */
  readonly reserve: number;
}

/** Streams, and their keeping for callers who lose their connection. */
interface StreamsConfig {
  /** Longest silence where the caller names none. */
  readonly heartbeatMs: number;
  readonly resume: boolean;
  /** Copy them for other replicas; redis is set. */
  readonly shared: boolean;
  /** After the end of a stream. */
  readonly keepMs: number;
  /** For a stream that nobody reads to go on at the provider. */
  readonly graceMs: number;
  /** The same after a reset. 0: a reset is a cancel. */
  readonly resetGraceMs: number;
  /** Memory of all streams. */
  readonly bytesMax: number;
  /** Memory of one stream. */
  readonly streamBytesMax: number;
}

/** How failing providers are spared, and found to be well again. */
export interface HealthConfig {
  /** Off: every call is sent, however the ones before went. */
  readonly breakers: boolean;
  /** From opening a circuit to the first trial, and from trial to trial. */
  readonly trialAfterMs: number;
  readonly checks: {
    readonly enabled: boolean;
    readonly intervalMs: number;
    /** For one check. */
    readonly timeoutMs: number;
  };
}

/** An operator's own code. */
export interface ExtensionConfig {
  /** In logs and metrics; no other has it. */
  readonly name: string;
  /** Absolute path of the file, links followed. */
  readonly module: string;
  /** Of the text of the file: another digest is another extension. */
  readonly digest: string;
  readonly exportName: string;
  readonly place: "before-cache" | "after-cache";
  /** What becomes of a call when its code throws. */
  readonly onFailure: "fail" | "continue";
  /** JSON of what it wants to know. */
  readonly settings: Secret;
  /** Where it is configured, for messages: "llmhub.yaml:3:5" and "extensions[0]". */
  readonly at: string;
  readonly path: string;
}

/** What is logged, and how. */
interface LogConfig {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** "auto": pretty on a terminal, JSON elsewhere. */
  readonly format: "auto" | "json" | "pretty";
}

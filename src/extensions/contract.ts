import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Interceptor } from "../model/dispatch.ts";
import type { ProviderFacts } from "../providers/provider.ts";

/** Version of all that an extension sees. It grows when something is taken away or changes its meaning. */
export const apiVersion = 1;

/** A kind of provider that an extension brings. The way there is HTTP. */
export type ExtensionKind = Omit<ProviderFacts, "carry">;

/** An operator's own code, as a module exports it. Loading it must have no effects: those are for `init`. */
export interface Extension<Settings = unknown> {
  /** The version that it was written for; another is refused. */
  readonly apiVersion: typeof apiVersion;
  /** A lower-case letter, then lower-case letters, digits or -, at most 40. The configuration may give another. */
  readonly name: string;
  /** Checks what is configured for it, and makes of it what `init` gets. Absent: `init` gets it as it is. */
  readonly schema?: SettingsSchema<Settings>;
  /** Must be the same objects as long as the module is: they tell whether a provider has to be opened anew. */
  readonly kinds?: readonly ExtensionKind[];
  /**
   * Called before the configuration is in use, for each entry of it once; 10 s are the limit. What it throws refuses the
   * configuration: of a GatewayError the operator reads the message, of anything else only class and place.
   */
  readonly init?: (context: ExtensionContext<Settings>) => OpenExtension | Promise<OpenExtension>;
}

/** What an extension does once it is open. */
export interface OpenExtension {
  /** Around each call, once; before limits. Applied for each call, so it is to be cheap and must keep no state. */
  readonly call?: Interceptor<Call<Asked>>;
  /** Around each try at one target; outside breakers and time limits of the attempt. */
  readonly attempt?: Interceptor<Attempt<Asked>>;
  /** Called when no call is in it any more; 5 s are the limit. */
  readonly close?: () => void | Promise<void>;
}

/** What an extension gets to work with. */
export interface ExtensionContext<Settings> {
  /** In logs and metrics. */
  readonly name: string;
  /** What is configured for it, as its schema gives it. */
  readonly settings: Settings;
  readonly logger: ExtensionLogger;
  readonly metrics: ExtensionMetrics;
  readonly clock: ExtensionClock;
  /** Aborts before `close` is called, or when `init` took too long. */
  readonly signal: AbortSignal;
}

/** Facts of a log line: at most 16, texts of at most 256 characters. Never a prompt, an answer or a key. */
export type ExtensionFields = Readonly<Record<string, string | number | boolean>>;

/** Writes one line, with the name of the extension; never throws and never waits. */
export type ExtensionLine = (message: string, fields?: ExtensionFields) => void;

/** The log of the gateway. */
export interface ExtensionLogger {
  readonly debug: ExtensionLine;
  readonly info: ExtensionLine;
  readonly warn: ExtensionLine;
  readonly error: ExtensionLine;
}

/** Numbers for Prometheus, all under llmhub_extension_<name>_. At most 20 of them, with at most 4 labels each. */
export interface ExtensionMetrics {
  /** A number that only grows; its name should end in _total. The same name again gives the same counter. */
  counter(name: string, help: string, labels?: readonly string[]): ExtensionMetric;
  /** A number that goes up and down. */
  gauge(name: string, help: string, labels?: readonly string[]): ExtensionMetric;
}

/** A number, or as many as there are values of its labels: those beyond 10,000 are counted as "other". */
export interface ExtensionMetric {
  /** The number for these values of the labels, in their order. Keep it where the values are the same for many calls. */
  cell(...values: string[]): { value: number };
}

/** The gateway's clocks, in milliseconds. */
export interface ExtensionClock {
  /** Never goes back; that of Rpc.startMs and Rpc.deadlineMs. */
  nowMs(): number;
  /** Since 1970. */
  wallMs(): number;
}

/** A schema of any library that follows Standard Schema (standardschema.dev), such as Valibot, Zod or ArkType. */
export interface SettingsSchema<Settings> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Settings> | Promise<SchemaResult<Settings>>;
  };
}

/** What a schema makes of a value. */
export type SchemaResult<Settings> =
  | { readonly value: Settings; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema finds wrong. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The extension itself, with its types checked and the type of its settings found out. */
export function defineExtension<Settings>(extension: Extension<Settings>): Extension<Settings> {
  return extension;
}

import { pino, stdTimeFunctions } from "pino";
import { LineEncoder } from "./line-encoder.ts";
import { LogSink } from "./log-sink.ts";

/**
 * What log lines may carry, each name written once. Never a key, a prompt or an answer: there is no field for them.
 * Times are milliseconds.
 */
export interface LogFields {
  readonly callId?: string;
  readonly requestId?: string;
  /** Where the call stands in a trace. */
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly keyId?: string;
  /** Undefined for a key without one. */
  readonly tenantId?: string | undefined;
  readonly method?: string;
  readonly requestedModel?: string;
  readonly provider?: string;
  /** Name of the one of the provider's credentials. */
  readonly credential?: string | undefined;
  readonly model?: string;
  readonly upstreamModel?: string;
  readonly upstreamRequestId?: string;
  /** Resource name of what led to the model: a policy, a chain or an alias. */
  readonly policy?: string | undefined;
  /** How the target was picked among others. */
  readonly strategy?: string | undefined;
  /** Where it answers. */
  readonly region?: string | undefined;
  /** Arm of an experiment. */
  readonly arm?: string | undefined;
  readonly attempts?: number;
  readonly hedge?: "won" | "lost" | undefined;
  readonly restarts?: number | undefined;
  /** What the response cache did: "HIT", "MISS", "BYPASS". */
  readonly cache?: string | undefined;
  readonly cacheAgeMs?: number | undefined;
  /** The answer, or the error, is that of an earlier call with the same idempotency key. */
  readonly replay?: boolean | undefined;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly usageEstimated?: boolean;
  /** Billionths of a dollar. A string, because JSON numbers lose digits. */
  readonly costNanos?: string | undefined;
  readonly firstOutputMs?: number;
  readonly durationMs?: number;
  readonly outcome?: string;
  readonly code?: string;
  readonly reason?: string | undefined;
  /** What lies behind the reason: "dns", "tls", "idle". */
  readonly cause?: string | undefined;
  readonly finishReason?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** An unexpected error: its class, its system code and its stack without its message, which may quote content. */
  readonly fault?: Fault | undefined;
  /** Facts of the process: addresses it serves, the signal it got, the file it read. */
  readonly address?: string;
  readonly httpAddress?: string | undefined;
  readonly opsAddress?: string;
  readonly auth?: string;
  readonly providers?: string;
  readonly extensions?: string;
  readonly defaultModel?: string | undefined;
  readonly signal?: string;
  readonly path?: string;
  readonly version?: string;
  /** Processes that take calls. */
  readonly workers?: number;
  /** Number of one of them. */
  readonly worker?: number;
  readonly startsInMs?: number | undefined;
  readonly count?: number;
  /** Name of the extension that the line is about, or comes from. */
  readonly extension?: string;
  /** What an extension tells beside its message. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
  /** The gateway's own words about what is wrong and how to mend it. */
  readonly problem?: string;
}

/** An unexpected error without its message. */
export interface Fault {
  readonly type: string;
  readonly systemCode: string;
  readonly stack: readonly string[];
}

/** Writes one line. Never throws and never waits. */
export type LogLine = (fields: LogFields, message: string) => void;

/** Where the gateway logs to. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** Writes out what is waiting, within a second; for the end of the process. */
  flush(): void;
}

/** Makes a line for people of a line of JSON. */
export type Prettify = (line: string) => string;

/** How lines should look; auto: for people on a terminal, else JSON. */
export type LogFormat = "json" | "pretty" | "auto";

/** How to log. */
export interface LoggerOptions {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** Makes lines for people; undefined: they are JSON. */
  readonly prettify: Prettify | undefined;
  /** File descriptor; 1 is standard output. */
  readonly to: number;
  /** Number of the worker that each line is from; undefined: there is none. */
  readonly worker?: number | undefined;
  /** Other processes write to the same place. */
  readonly isShared?: boolean;
  /** Told how many lines were lost, because nobody reads the log or its disk is full. */
  readonly dropped: (lines: number) => void;
}

/** What one write to a pipe keeps together, whoever else writes to it (PIPE_BUF). */
const sharedBytesMax = 4096;

/** Frames of an unexpected error that are logged. */
const framesMax = 10;

/** Should a name of a secret ever be logged by mistake, its value is not. */
const redacted = ["authorization", "apiKey", "password", "headers.authorization", "headers['x-api-key']"];

/** Fields that pino does not write as they are: secrets, and errors. */
const notPlain: ReadonlySet<string> = new Set(["err", ...redacted.map((path) => path.split(/[.[]/)[0] ?? path)]);

/** A logger that buffers, bounded, and writes in the background. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, prettify, to, worker, isShared = worker !== undefined } = options;
  const sink = new LogSink(to, options.dropped, isShared ? sharedBytesMax : undefined);
  const base = worker === undefined ? null : { worker };
  const settings = { level, base, redact: redacted, timestamp: stdTimeFunctions.isoTime };
  const stream = prettify === undefined ? sink : { write: (line: string) => sink.write(prettify(line)) };
  const logger = pino({ ...settings, formatters: { level: (label) => ({ level: label }) } }, stream);
  const at = (own: "debug" | "info" | "warn" | "error"): LogLine => {
    const write: LogLine = logger[own].bind(logger);
    return prettify !== undefined || !logger.isLevelEnabled(own) ? write : quickLine(own, sink, write, worker);
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), flush: () => sink.flush() };
}

/** Lines as pino makes them, for a fifth of the time, and by pino where they are not plain. */
function quickLine(level: string, sink: LogSink, otherwise: LogLine, worker: number | undefined): LogLine {
  const encoder = new LineEncoder(level, notPlain, worker);
  return (fields, message) => {
    const length = encoder.encode(fields, message);
    if (length === 0) otherwise(fields, message);
    else sink.writeBytes(encoder.bytes, length);
  };
}

/** What makes lines for people, if they are wanted. Loaded only then: a gateway in production starts without it. */
export async function prettifierFor(format: LogFormat, terminal: boolean): Promise<Prettify | undefined> {
  if (format === "json" || (format === "auto" && !terminal)) return undefined;
  const { prettyFactory } = await import("pino-pretty");
  return prettyFactory({ colorize: terminal, singleLine: true });
}

/** An unexpected error as a log line may carry it. Undefined for none. */
export function faultOf(error: unknown): Fault | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof Error)) return { type: typeof error, systemCode: "", stack: [] };
  const systemCode = "code" in error && typeof error.code === "string" ? error.code : "";
  return { type: error.constructor.name, systemCode, stack: framesOf(error) };
}

/** Lines of the stack that come after the message, which may look like frames itself. */
function framesOf({ stack = "", message }: Error): string[] {
  const start = stack.indexOf(message);
  if (start === -1) return [];
  const lines = stack.slice(start + message.length).split("\n");
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, framesMax)
    .map((line) => line.trim());
}

import { createHash } from "node:crypto";
import type { Redis } from "ioredis";
import type { Secret } from "../model/secret.ts";

/** Where Redis is and how long it may take. */
export interface RedisSettings {
  /** redis:// or rediss:// (TLS), with the credential in it. */
  readonly url: Secret;
  /** Put before every key, those of scripts included. */
  readonly keyPrefix: string;
  /** Of one operation. */
  readonly opTimeoutMs: number;
}

/** Who hears of the link's state. Causes are words such as "ECONNREFUSED" or "WRONGPASS", never a configured value. */
export interface RedisWatch {
  /** The link can be used (undefined), or cannot, for this cause. Called on changes only. */
  readonly changed: (cause: string | undefined) => void;
  readonly failed: (kind: RedisFailure["kind"]) => void;
}

/** What a command takes beside its name. */
export type RedisArgument = string | number | Buffer;

/** A Lua script and the name that Redis gives it. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/** Operations that fail one after the other until the connection is given up. */
const failuresMax = 3;
/** First wait before connecting again, and the longest: what comes back is found within two seconds. */
const reconnectMsMin = 50;
const reconnectMsMax = 1000;
/** For a connection to open, and for anything to come back on it. */
const connectTimeoutMs = 1000;
const portDefault = 6379;
/** What a server answers that is not, or no longer, the one to write to: after a failover another has its address. */
const demoted = "READONLY";

/** A script, named once. */
export function scriptOf(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** An operation without an answer that can be used. It may have been carried out all the same. */
export class RedisFailure extends Error {
  /** down: not even tried. timeout: no answer in time. connection: it broke. reply: Redis answered with an error. */
  readonly kind: "down" | "timeout" | "connection" | "reply";
  /** "timeout", a system code, or the first word of Redis' own error. */
  readonly word: string;

  constructor(kind: RedisFailure["kind"], word: string) {
    super(`Redis: ${word}`);
    this.kind = kind;
    this.word = word;
  }
}

/**
 * The connection to Redis. Every operation ends within its time; nothing waits for a connection, and nothing is sent
 * twice. Three failures in a row, a server that takes no writes, or a lost connection, take the link down: operations
 * then fail at once, at no cost, until a new connection has proved that Redis takes writes.
 */
export class RedisLink {
  readonly #redis: Redis;
  readonly #settings: RedisSettings;
  readonly #watch: RedisWatch;
  /** The operation that answered last was this many failures ago. */
  #failures = 0;
  /** Connections since an operation was answered. */
  #rounds = 0;
  /** Why the link is down; undefined while it is up. */
  #cause: string | undefined = "connecting";
  readonly #known = Promise.withResolvers<void>();
  #closing = false;

  /** Connects in the background, for as long as it takes. */
  static async open(settings: RedisSettings, watch: RedisWatch): Promise<RedisLink> {
    const { Redis } = await import("ioredis");
    return new RedisLink(Redis, settings, watch);
  }

  private constructor(Client: typeof Redis, settings: RedisSettings, watch: RedisWatch) {
    this.#settings = settings;
    this.#watch = watch;
    this.#redis = new Client({
      ...placeOf(settings.url),
      keyPrefix: settings.keyPrefix,
      socketTimeout: connectTimeoutMs,
      disconnectTimeout: settings.opTimeoutMs,
      connectTimeout: connectTimeoutMs,
      // An operation whose answer was lost must not be repeated, and none may pile up.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      disableClientInfo: true,
      retryStrategy: () => this.#reconnectMs(),
    });
    this.#redis.on("ready", () => void this.#prove());
    this.#redis.on("error", (error) => this.#fall(faultOf(error).word));
    this.#redis.on("close", () => this.#fall(this.#cause === "connecting" ? "closed" : (this.#cause ?? "closed")));
  }

  /** Why Redis cannot be used now; undefined while it can. */
  get cause(): string | undefined {
    return this.#cause;
  }

  /** Resolves when it is known whether Redis answers, or after that time. */
  async settled(withinMs: number): Promise<void> {
    await withinTime(this.#known.promise, withinMs).catch(() => undefined);
  }

  /** One command; texts come back as strings. Rejects with a RedisFailure. */
  call(name: string, ...args: RedisArgument[]): Promise<unknown> {
    return this.#operate(() => this.#redis.call(name, args));
  }

  /** One command; texts come back as bytes. Rejects with a RedisFailure. */
  callBuffer(name: string, ...args: RedisArgument[]): Promise<unknown> {
    return this.#operate(() => this.#redis.callBuffer(name, args));
  }

  /** Runs a script, which Redis learns where it does not know it (any more). Rejects with a RedisFailure. */
  script({ lua, sha }: Script, keys: readonly string[], args: readonly RedisArgument[]): Promise<unknown> {
    return this.#operate(() =>
      this.#redis.evalsha(sha, keys.length, ...keys, ...args).catch((error) => {
        if (faultOf(error).word !== "NOSCRIPT") throw error;
        return this.#redis.eval(lua, keys.length, ...keys, ...args);
      }),
    );
  }

  /** Ends the connection once what was sent is answered, or its time is up. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#cause === undefined) {
      await withinTime(this.#redis.quit(), this.#settings.opTimeoutMs).catch(() => undefined);
    }
    this.#redis.disconnect();
  }

  async #operate<T>(send: () => Promise<T>): Promise<T> {
    if (this.#cause !== undefined) {
      this.#watch.failed("down");
      throw new RedisFailure("down", this.#cause);
    }
    try {
      const reply = await withinTime(send(), this.#settings.opTimeoutMs);
      this.#failures = 0;
      this.#rounds = 0;
      return reply;
    } catch (error) {
      const failure = faultOf(error);
      this.#watch.failed(failure.kind);
      this.#failures += 1;
      // Reads still succeed there, so failures in a row would not tell.
      const isGivenUp = this.#failures >= failuresMax || failure.word === demoted;
      if (isGivenUp && this.#cause === undefined) {
        this.#fall(failure.word);
        this.#redis.disconnect(true);
      }
      throw failure;
    }
  }

  /** A connection is worth nothing until Redis takes writes on it, and answers as fast as it has to. */
  async #prove(): Promise<void> {
    try {
      // Of all writes one that a full Redis refuses, too; it is gone at once.
      await withinTime(this.#redis.set("probe", "", "PX", 1), this.#settings.opTimeoutMs);
    } catch (error) {
      this.#fall(faultOf(error).word);
      this.#redis.disconnect(true);
      return;
    }
    this.#failures = 0;
    this.#cause = undefined;
    this.#known.resolve();
    this.#watch.changed(undefined);
  }

  #fall(cause: string): void {
    if (this.#closing || this.#cause === cause) return;
    this.#cause = cause;
    this.#known.resolve();
    this.#watch.changed(cause);
  }

  /** Twice as long each time, and not all replicas at once. */
  #reconnectMs(): number {
    const longestMs = Math.min(reconnectMsMax, reconnectMsMin * 2 ** Math.min(this.#rounds++, 10));
    return Math.round(longestMs * (0.5 + Math.random() / 2));
  }
}

function placeOf(secret: Secret) {
  const url = new URL(secret.reveal());
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || portDefault),
    db: Number(url.pathname.slice(1)),
    ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === "rediss:" ? { tls: {} } : {}),
  };
}

/** What an error of the client means, without its message and arguments, which may hold a credential. */
function faultOf(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error;
  if (!(error instanceof Error)) return new RedisFailure("connection", "unknown");
  if (error.message.startsWith("Socket timeout")) return new RedisFailure("timeout", "timeout");
  if (error.name === "ReplyError") {
    return new RedisFailure("reply", /^[A-Z]{2,20}\b/.exec(error.message)?.[0] ?? "ERR");
  }
  if (error.name === "ParserError") return new RedisFailure("connection", "protocol");
  const code = "code" in error && typeof error.code === "string" ? error.code : "closed";
  return new RedisFailure("connection", /^[A-Za-z_]{1,48}$/.test(code) ? code : "closed");
}

/** When time is up what has arrived is read first: a process that was busy itself must not blame Redis. */
function withinTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = (): void => reject(new RedisFailure("timeout", "timeout"));
    const timer = setTimeout(() => setImmediate(late), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

import { GatewayError } from "../model/error.ts";
import type { Surroundings } from "./surroundings.ts";

/** A value that is good until a moment of the wall clock, in milliseconds. */
export interface Expiring<T> {
  readonly value: T;
  readonly expiresMs: number;
}

/** Left of its life when a token is renewed behind the calls that use it. */
const renewLeftMs = 5 * 60_000;
/** The same for tokens that live less than 50 minutes. */
const renewLeftShare = 0.1;
/** Left of its life when a token is no longer handed out, but half of the above where that is less. */
const staleLeftMs = 30_000;
/** Between two fetches while calls wait for one that fails. */
const waitPauseMs = 1000;
/** Between two renewals behind the calls: from one second, doubled with each failure, to this. */
const renewPauseMaxMs = 60_000;
/** Between two renewals because the token was refused: it may be the target that is refused to a good token. */
const distrustPauseMs = 60_000;
/** A clock that goes back further than this was set, and tells nothing about the life of a token. */
const clockLeewayMs = 60_000;

interface Held<T> {
  readonly value: T;
  readonly fetchedMs: number;
  readonly renewMs: number;
  readonly staleMs: number;
}

interface Failure {
  readonly error: GatewayError;
  readonly atMs: number;
  readonly pauseMs: number;
}

/**
 * Keeps one token, or what stands for it, and renews it before it expires. There is no timer: the calls that ask for the
 * token drive it. One fetch at a time, whoever waits for it. A renewal behind the calls that fails leaves the token in
 * use.
 */
export class TokenCache<T> {
  readonly #fetch: () => Promise<Expiring<T>>;
  readonly #surroundings: Pick<Surroundings, "now" | "renewalFailed">;
  #held: Held<T> | undefined;
  #flight: Promise<T> | undefined;
  #failure: Failure | undefined;

  /** `fetch` bounds its own duration. What it rejects with that is no GatewayError becomes INTERNAL. */
  constructor(fetch: () => Promise<Expiring<T>>, surroundings: Pick<Surroundings, "now" | "renewalFailed">) {
    this.#fetch = fetch;
    this.#surroundings = surroundings;
  }

  /** The token at once while it is good. Rejects with an error of the caller's own. */
  get(): T | Promise<T> {
    const nowMs = this.#surroundings.now();
    const held = this.#held;
    if (held === undefined || nowMs >= held.staleMs || nowMs < held.fetchedMs - clockLeewayMs) return this.#wait(nowMs);
    if (nowMs >= held.renewMs) this.#renewBehind(nowMs);
    return held.value;
  }

  /** The token was refused: it is renewed behind the next call, however long it is still said to live. */
  distrust(): void {
    const nowMs = this.#surroundings.now();
    const held = this.#held;
    if (held === undefined || nowMs < held.fetchedMs + distrustPauseMs) return;
    this.#held = { ...held, renewMs: Math.min(held.renewMs, nowMs) };
  }

  async #wait(nowMs: number): Promise<T> {
    if (this.#flight === undefined && this.#pauses(nowMs, waitPauseMs)) throw this.#failure?.error.with({});
    try {
      return await this.#fly(nowMs);
    } catch (error) {
      // Each caller adds to its error what concerns its own call.
      throw GatewayError.of(error).with({});
    }
  }

  #renewBehind(nowMs: number): void {
    if (this.#flight !== undefined || this.#pauses(nowMs, this.#failure?.pauseMs ?? 0)) return;
    this.#fly(nowMs).catch((error) => this.#surroundings.renewalFailed?.(GatewayError.of(error)));
  }

  #pauses(nowMs: number, pauseMs: number): boolean {
    const sinceMs = nowMs - (this.#failure?.atMs ?? Number.NEGATIVE_INFINITY);
    return sinceMs >= 0 && sinceMs < pauseMs;
  }

  #fly(nowMs: number): Promise<T> {
    this.#flight ??= this.#renew(nowMs).finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #renew(nowMs: number): Promise<T> {
    try {
      const { value, expiresMs } = await this.#fetch();
      const leftMs = Math.min(renewLeftMs, (expiresMs - nowMs) * renewLeftShare);
      const staleMs = expiresMs - Math.min(staleLeftMs, leftMs / 2);
      this.#held = { value, fetchedMs: nowMs, renewMs: expiresMs - leftMs, staleMs };
      this.#failure = undefined;
      return value;
    } catch (cause) {
      const error = GatewayError.of(cause);
      const pauseMs = Math.min(renewPauseMaxMs, (this.#failure?.pauseMs ?? waitPauseMs / 2) * 2);
      this.#failure = { error, atMs: this.#surroundings.now(), pauseMs };
      throw error;
    }
  }
}

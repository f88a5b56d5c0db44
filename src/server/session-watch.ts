import { constants, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";

/** Resets are counted over this time; it begins with one. */
const windowMs = 10_000;
/** Resets that are never too many. */
const resetsFree = 1000;
/** Above `resetsFree`, resets may be this share of the streams opened: callers do cancel, attackers do little else. */
const resetShareMax = 0.5;

/**
 * Ends an HTTP/2 session that says nothing after its preface, or that opens streams only to reset them (CVE-2023-44487).
 * The session's end tells the caller why: SETTINGS_TIMEOUT or ENHANCE_YOUR_CALM.
 */
export class SessionWatch {
  readonly #session: ServerHttp2Session;
  readonly #now: () => number;
  #windowEndMs: number;
  #opened = 0;
  #resets = 0;

  constructor(session: ServerHttp2Session, settingsTimeoutMs: number, now: () => number) {
    this.#session = session;
    this.#now = now;
    this.#windowEndMs = now() + windowMs;
    const timer = setTimeout(() => {
      session.destroy(new Error("no settings came in time"), constants.NGHTTP2_SETTINGS_TIMEOUT);
    }, settingsTimeoutMs);
    const heard = (): void => clearTimeout(timer);
    session.once("remoteSettings", heard).once("close", heard);
  }

  /** A stream was opened. */
  opened(): void {
    this.#opened++;
  }

  /** A stream was closed. */
  closed(stream: ServerHttp2Stream): void {
    if (stream.rstCode === constants.NGHTTP2_NO_ERROR || this.#session.destroyed) return;
    const nowMs = this.#now();
    if (nowMs >= this.#windowEndMs) {
      this.#windowEndMs = nowMs + windowMs;
      this.#opened = 0;
      this.#resets = 0;
    }
    this.#resets++;
    if (this.#resets > resetsFree + this.#opened * resetShareMax) {
      this.#session.destroy(new Error("too many streams were reset"), constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
}

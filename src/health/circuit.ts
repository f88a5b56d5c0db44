import { EventEmitter } from "node:events";
import CircuitBreaker from "opossum";

/** What is counted: attempts that have ended within this time, in steps of a tenth. */
const windowMs = 10_000;
const steps = 10;
const stepMs = windowMs / steps;
/** Fewer attempts are no evidence. */
const samplesMin = 5;
/** In per cent. opossum opens above its threshold only, and half of the attempts are to be enough. */
const failureRate = 49.99;
/** Part of the time to the first trial that chance adds, so that replicas do not try all at once. */
const jitter = 0.2;

/** What an attempt says about the thing that a circuit guards; "nothing" is not counted. */
export type Verdict = "ok" | "failed" | "nothing";

/** open: nothing goes through. half_open: one trial at a time does. */
export type CircuitState = "closed" | "half_open" | "open";

/** What a circuit works with. */
export interface CircuitParts {
  /** Any steady clock, in milliseconds. */
  readonly nowMs: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** From opening to the first trial; a random fifth of it can come on top. */
  readonly trialAfterMs: number;
  /** Told when the state has changed. */
  readonly changed: (state: CircuitState) => void;
}

const failure = new Error("the attempt failed");

/** Runs at the end of an attempt, when all is known. Throws for a failure, which counts it at once. */
function judge(verdict: Verdict): Promise<void> {
  if (verdict === "failed") throw failure;
  return Promise.resolve();
}

/**
 * A circuit breaker: opens at 5 or more attempts of which half or more failed within 10 s. opossum counts and keeps the
 * state. It is fired when an attempt has ended, not when it begins: it would count those still running as if they had gone
 * well, and cancelled ones, too.
 */
export class Circuit {
  readonly #nowMs: () => number;
  readonly #openMs: number;
  readonly #steps = new EventEmitter();
  readonly #breaker: CircuitBreaker<[Verdict], void>;
  #stepMs: number;
  #trialAtMs = 0;
  /** Attempts that went well and are not with opossum yet. */
  #oks = 0;
  /** Number of the trial under way; 0: none. */
  #trial = 0;
  #trials = 0;

  constructor({ nowMs, random, trialAfterMs, changed }: CircuitParts) {
    this.#nowMs = nowMs;
    this.#openMs = Math.round(trialAfterMs * (1 + jitter * random()));
    this.#stepMs = nowMs();
    this.#breaker = new CircuitBreaker(judge, {
      timeout: false,
      volumeThreshold: samplesMin,
      errorThresholdPercentage: failureRate,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: steps,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      // Without it each circuit has a timer that fires every second.
      rotateBucketController: this.#steps,
      resetTimeout: this.#openMs,
    });
    this.#breaker.on("open", () => {
      this.#trial = 0;
      this.#trialAtMs = nowMs() + this.#openMs;
      changed("open");
    });
    this.#breaker.on("halfOpen", () => changed("half_open"));
    this.#breaker.on("close", () => {
      this.#trial = 0;
      this.#forget(steps);
      changed("closed");
    });
  }

  get state(): CircuitState {
    if (this.#breaker.closed) return "closed";
    return this.#breaker.halfOpen ? "half_open" : "open";
  }

  /** 0: an attempt may begin; else milliseconds until one may, as far as known. */
  waitMs(): number {
    if (this.#breaker.closed) return 0;
    if (this.#breaker.halfOpen) return this.#trial === 0 ? 0 : this.#openMs;
    return Math.max(1, this.#trialAtMs - this.#nowMs());
  }

  /** An attempt begins, for which `waitMs` was 0. Gives the number of the trial that it is; 0 for an ordinary one. */
  begin(): number {
    if (this.#breaker.closed) return 0;
    this.#trial = ++this.#trials;
    return this.#trial;
  }

  /** An attempt has ended. One that began before the circuit opened says nothing of now. */
  note(verdict: Verdict, trial: number): void {
    if (trial > 0 && trial === this.#trial) this.#trial = 0;
    else if (!this.#breaker.closed) return;
    if (verdict === "nothing" || this.#breaker.isShutdown) return;
    this.#turn();
    if (verdict === "ok" && this.#breaker.closed) {
      this.#oks += 1;
      return;
    }
    this.#tellOks();
    this.#breaker.fire(verdict).catch(ignore);
  }

  /**
   * What most attempts do, opossum need not know before one fails or its window moves on: then it gets them at once, where
   * it counts. Each by itself it would be events, a promise or six, and a number kept for ten seconds.
   */
  #tellOks(): void {
    const [bucket] = this.#breaker.status.window;
    if (bucket === undefined) return;
    bucket.fires += this.#oks;
    bucket.successes += this.#oks;
    this.#oks = 0;
  }

  /** Opens, whatever was counted. */
  open(): void {
    this.#breaker.open();
  }

  /** Closes, and forgets what was counted. */
  close(): void {
    this.#breaker.close();
  }

  /** The end of it: no timer is left. */
  end(): void {
    this.#breaker.shutdown();
  }

  /** Moves the window on to the present. */
  #turn(): void {
    const passed = Math.floor((this.#nowMs() - this.#stepMs) / stepMs);
    if (passed <= 0) return;
    this.#stepMs += passed * stepMs;
    this.#forget(Math.min(passed, steps));
  }

  #forget(count: number): void {
    this.#tellOks();
    for (let i = 0; i < count; i++) this.#steps.emit("rotate");
  }
}

function ignore(): void {
  // It was counted, and whoever made the attempt has heard of it.
}

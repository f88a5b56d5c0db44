import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import type { HealthNews } from "../health/news.ts";
import { Hand } from "./hand.ts";
import type { Serving } from "./line.ts";
import { packed, unpacked } from "./parcel.ts";
import type { Facts, Failure, Started, ToHolder } from "./topics.ts";

/** Ends of one worker before it serves that are too many at the start. */
const startsMax = 3;
/** From the end of a worker to the next try, at first and at most; twice as long each time. */
const pauseMsMin = 100;
const pauseMsMax = 30_000;
/** A worker that ends later than this after its start has not failed to start. */
const steadyMs = 60_000;

/** What a crew works with. */
export interface CrewParts {
  /** Workers. */
  readonly count: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What a worker can ask. */
  readonly servingOf: (worker: number) => Serving<ToHolder>;
  /** What workers have found out, for one that starts. */
  readonly news: () => readonly HealthNews[];
  /** A worker has ended that should not. `startsInMs` is undefined while the gateway itself starts or ends. */
  readonly ended: (worker: number, reason: string, startsInMs: number | undefined) => void;
  /** A worker cannot be started, or does not take a configuration that others take. It is ended and started again. */
  readonly failed: (worker: number, problem: string) => void;
}

/** The workers do not serve. */
export class CrewFailure extends Error {
  override readonly name = "CrewFailure";
  readonly exit: Failure["exit"];

  constructor({ exit, message }: Failure) {
    super(message);
    this.exit = exit;
  }
}

/** The worker processes of a gateway: starts them, starts those again that end, and ends them. */
export class Crew {
  readonly #parts: CrewParts;
  /** All that run, by number. */
  readonly #hands = new Map<number, Hand>();
  readonly #serving = new Map<number, Hand>();
  readonly #startedMs = new Map<number, number>();
  readonly #failures = new Map<number, number>();
  #config: Config | undefined;
  /** The worker that does for all what is to be done once. */
  #lead: Hand | undefined;
  #isOpen = false;
  #isEnding = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  /** Those that take calls, by number. */
  get serving(): ReadonlyMap<number, Hand> {
    return this.#serving;
  }

  /** Has a worker read the configuration, the first one started for it if there is none. Rejects with a ConfigError or a CrewFailure. */
  async load(path: string | undefined): Promise<Config> {
    const hand = this.#first() ?? this.#spawn(1);
    const failed = ({ message }: Error) => ({ case: "failed", exit: "failure", message }) as const;
    const loaded = await hand.line.ask("load", path, Number.POSITIVE_INFINITY).catch(failed);
    if (loaded.case === "config") return unpacked(loaded.config);
    throw loaded.case === "problems" ? new ConfigError(loaded.problems) : new CrewFailure(loaded);
  }

  /** Starts all. Gives what the first tells of itself; rejects with a CrewFailure if one cannot be started. */
  async open(config: Config): Promise<Facts> {
    this.#config = config;
    const numbers = Array.from({ length: this.#parts.count }, (_, i) => i + 1);
    const [first] = await Promise.all(numbers.map((number) => this.#begin(number)));
    if (first === undefined) throw new CrewFailure({ exit: "failure", message: "there are no workers" });
    this.#isOpen = true;
    // One that served may have ended while others still started.
    for (const number of numbers) if (!this.#hands.has(number)) void this.#again(number, 0);
    return first;
  }

  /** One worker tries a configuration first: if it refuses, all keep the old one. Rejects with why. */
  async reload(config: Config): Promise<void> {
    const parcel = packed(config);
    const [first, ...others] = this.#serving.values();
    if (first === undefined) throw new Error("no worker serves that could take it");
    const take = (hand: Hand) =>
      hand.line.ask("reload", parcel, Number.POSITIVE_INFINITY).catch(({ message }: Error) => message);
    const refusal = await take(first);
    if (refusal !== undefined) throw new Error(refusal);
    this.#config = config;
    await Promise.all(
      others.map(async (hand) => {
        const problem = await take(hand);
        if (problem !== undefined && this.#serving.get(hand.number) === hand) this.#giveUp(hand, problem);
      }),
    );
  }

  /** Lets calls in flight end, then the workers; those that need longer than that are ended at once. */
  async end(withinMs: number): Promise<void> {
    this.#isEnding = true;
    const hands = [...this.#hands.values()];
    for (const hand of hands) {
      if (withinMs > 0 && this.#serving.has(hand.number)) hand.line.tell("drain", undefined);
      else hand.kill();
    }
    const late = setTimeout(() => {
      for (const hand of hands) hand.kill();
    }, withinMs);
    await Promise.all(hands.map(({ exit }) => exit));
    clearTimeout(late);
  }

  #first(): Hand | undefined {
    const [first] = [...this.#serving.values(), ...this.#hands.values()];
    return first;
  }

  async #begin(number: number): Promise<Facts> {
    for (let starts = 1; ; starts++) {
      const hand = this.#hands.get(number) ?? this.#spawn(number);
      const started = await this.#start(hand).catch(() => undefined);
      if (started?.case === "serving") return started;
      if (started?.case === "failed") throw new CrewFailure(started);
      const reason = await hand.exit;
      if (starts < startsMax && !this.#isEnding) continue;
      const message = `worker ${number} ended ${starts} times before it served, at last by ${reason}`;
      throw new CrewFailure({ exit: "failure", message });
    }
  }

  async #start(hand: Hand): Promise<Started> {
    const { count, news } = this.#parts;
    const config = this.#config;
    if (config === undefined) throw new Error("there is no configuration");
    const { number: worker } = hand;
    this.#startedMs.set(worker, performance.now());
    const beginning = { config: packed(config), worker, count, news: news() };
    const started = await hand.line.ask("start", beginning, Number.POSITIVE_INFINITY);
    if (started.case === "failed") return started;
    this.#serving.set(worker, hand);
    this.#choose();
    // Another was taken into use meanwhile.
    if (config !== this.#config) this.#giveUp(hand, "it has a configuration that is not in use any more");
    return started;
  }

  #spawn(number: number): Hand {
    const hand = new Hand(number, this.#parts.env, this.#parts.servingOf(number));
    this.#hands.set(number, hand);
    void hand.exit.then((reason) => this.#ended(hand, reason));
    return hand;
  }

  #ended({ number }: Hand, reason: string): void {
    this.#hands.delete(number);
    this.#serving.delete(number);
    if (this.#isEnding) return;
    this.#choose();
    const isSteady = performance.now() - (this.#startedMs.get(number) ?? 0) > steadyMs;
    const failures = isSteady ? 0 : (this.#failures.get(number) ?? 0);
    this.#failures.set(number, failures + 1);
    const pauseMs = Math.min(pauseMsMax, pauseMsMin * 2 ** failures);
    this.#parts.ended(number, reason, this.#isOpen ? pauseMs : undefined);
    if (this.#isOpen) void this.#again(number, pauseMs);
  }

  async #again(number: number, pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs).unref());
    if (this.#isEnding) return;
    const hand = this.#spawn(number);
    // Its end, if it comes, leads to the next try.
    const started = await this.#start(hand).catch(() => undefined);
    if (started?.case === "failed") this.#giveUp(hand, started.message);
  }

  #giveUp(hand: Hand, problem: string): void {
    this.#parts.failed(hand.number, problem);
    hand.kill();
  }

  #choose(): void {
    const [lead] = this.#serving.values();
    if (lead !== this.#lead) lead?.line.tell("probe", true);
    this.#lead = lead;
  }
}

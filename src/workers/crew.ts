import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/schema.ts";
import type { HealthNews } from "../health/news.ts";
import type { CrewHand } from "./hand.ts";
import { packed, unpacked } from "./parcel.ts";
import type { Facts, Failure, Started } from "./topics.ts";
import { Watch } from "./watch.ts";

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
  /** Starts a process; throws where the system has none to give. */
  readonly spawn: (worker: number) => CrewHand;
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
  readonly #hands = new Map<number, CrewHand>();
  readonly #serving = new Map<number, CrewHand>();
  readonly #startedMs = new Map<number, number>();
  readonly #failures = new Map<number, number>();
  #config: Config | undefined;
  /** The worker that does for all what is to be done once. */
  #lead: CrewHand | undefined;
  readonly #watch: Watch;
  #isOpen = false;
  #isEnding = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
    const stuck = (hand: CrewHand) => this.#giveUp(hand, "it has not answered for so long that it must be stuck");
    this.#watch = new Watch(() => this.#hands.values(), stuck);
  }

  /** Those that take calls, by number. */
  get serving(): ReadonlyMap<number, CrewHand> {
    return this.#serving;
  }

  /** Has a worker read the configuration, the first one started for it if there is none. Rejects with a ConfigError or a CrewFailure. */
  async load(path: string | undefined): Promise<Config> {
    const hand = this.#first() ?? (this.#isOpen ? undefined : this.#spawn(1));
    if (hand === undefined)
      throw new CrewFailure({ exit: "failure", message: "no worker runs that could read it now" });
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
    this.#watch.begin();
    // One that served may have ended while others still started.
    for (const number of numbers) if (!this.#hands.has(number)) void this.#again(number, 0);
    return first;
  }

  /**
   * One worker tries a configuration first: if it refuses, all keep the old one. Rejects with why. Where none serves there
   * is nothing to lose, and those that start next get it.
   */
  async reload(config: Config): Promise<void> {
    const [first] = this.#serving.values();
    const refusal = first && (await taken(first, config));
    if (refusal !== undefined) throw new Error(refusal);
    this.#config = config;
    // Looked at now: one may have begun to serve meanwhile, with the old one.
    const others = [...this.#serving.values()].filter((hand) => hand !== first);
    await Promise.all(others.map((hand) => this.#renew(hand, config)));
  }

  /** Lets calls in flight end, then the workers; those that need longer than that are ended at once. */
  async end(withinMs: number): Promise<void> {
    this.#isEnding = true;
    this.#watch.end();
    const hands = [...this.#hands.values()];
    for (const hand of hands) {
      if (withinMs > 0 && this.#serving.has(hand.number)) hand.line.tell("drain", undefined);
      else hand.kill();
    }
    const late = withinMs > 0 ? setTimeout(() => this.#cut(), withinMs) : undefined;
    await Promise.all(hands.map(({ exit }) => exit));
    clearTimeout(late);
  }

  #cut(): void {
    for (const hand of this.#hands.values()) this.#giveUp(hand, "it has not ended in time");
  }

  /** Ends all at once, whatever they do. */
  kill(): void {
    for (const hand of this.#hands.values()) hand.kill();
  }

  #first(): CrewHand | undefined {
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

  async #start(hand: CrewHand): Promise<Started> {
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
    const current = this.#config;
    if (current !== undefined && current !== config) await this.#renew(hand, current);
    return started;
  }

  #spawn(number: number): CrewHand {
    const hand = this.#parts.spawn(number);
    this.#hands.set(number, hand);
    void hand.exit.then((reason) => this.#ended(number, reason));
    return hand;
  }

  #ended(number: number, reason: string): void {
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
    this.#startedMs.set(number, performance.now());
    const hand = this.#spawned(number);
    if (hand === undefined) return this.#ended(number, "no_process");
    // Its end, if it comes, leads to the next try.
    const started = await this.#start(hand).catch(() => undefined);
    if (started?.case === "failed") this.#giveUp(hand, started.message);
  }

  #spawned(number: number): CrewHand | undefined {
    try {
      return this.#spawn(number);
    } catch {
      return undefined;
    }
  }

  /** What others take a worker must take, or it cannot stay. */
  async #renew(hand: CrewHand, config: Config): Promise<void> {
    const problem = await taken(hand, config);
    if (problem !== undefined && this.#serving.get(hand.number) === hand) this.#giveUp(hand, problem);
  }

  #giveUp(hand: CrewHand, problem: string): void {
    this.#parts.failed(hand.number, problem);
    hand.kill();
  }

  #choose(): void {
    const [lead] = this.#serving.values();
    if (lead !== this.#lead) lead?.line.tell("probe", true);
    this.#lead = lead;
  }
}

/** Has a worker take a configuration into use; answers why it has not. */
function taken({ line, number }: CrewHand, config: Config): Promise<string | undefined> {
  return line
    .ask("reload", packed(config), Number.POSITIVE_INFINITY)
    .catch(({ message }: Error) => `worker ${number} did not take it: ${message}`);
}

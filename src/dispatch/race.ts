import { create } from "@bufbuild/protobuf";
import { CompletionFailureSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import { AttemptOutcome, type Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import { attemptRecord } from "../model/attempt-record.ts";
import type { Asked, Call } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Outcome, Served } from "../model/reply.ts";
import { chargesOf } from "../model/sum.ts";
import type { Hedging } from "./hedging.ts";
import type { History } from "./history.ts";
import { cureOf } from "./retry.ts";
import type { Candidate } from "./route.ts";
import type { Finish, Stage } from "./stage.ts";

/** Why an attempt is cancelled that was too slow. */
const outrun = new GatewayError("CANCELLED", "another attempt was faster", { metadata: { cause: "lost_hedge" } });
/** Why an attempt is cancelled when another has met what no target can mend. */
const pointless = new GatewayError("CANCELLED", "another attempt has ended the call");

/** What an attempt in a race has of its own. */
export interface Racing<Request extends Asked> {
  /** Its signal aborts when the attempt is not wanted any more. */
  readonly call: Call<Request>;
  readonly failures: readonly AttemptRecord[];
  readonly hedge: boolean;
  /** Whether the target may be asked again within the attempt. If so, no other is asked any more. */
  readonly mayRepeat: () => boolean;
}

/** What a race works with. */
export interface RaceParts<Request extends Asked, R extends Served> {
  readonly stage: Stage<Request>;
  readonly hedging: Hedging;
  readonly history: History;
  readonly attempt: (candidate: Candidate, racing: Racing<Request>) => Promise<R>;
  /** Takes note of a failure while others run. */
  readonly failed: (candidate: Candidate, error: GatewayError) => void;
}

interface Runner {
  candidate: Candidate;
  readonly hedge: boolean;
  readonly startMs: number;
  readonly controller: AbortController;
}

/**
 * Attempts at several targets at once. The first output wins, and the others are cancelled in the same moment; what they
 * used is on record before the winner is handed on. One that fails leaves the others running, and no more begin.
 */
export class Race<Request extends Asked, R extends Served> {
  readonly #parts: RaceParts<Request, R>;
  readonly #runners = new Set<Runner>();
  /** Of all, the winner among them. */
  readonly #controllers: AbortController[] = [];
  /** Those that ended, in order. Each attempt of the race holds this list. */
  readonly #records: AttemptRecord[];
  /** Those that were cancelled. */
  readonly #cancelled: AttemptRecord[] = [];
  readonly #over = Promise.withResolvers<Finish<R>>();
  #finish: Finish<R> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: RaceParts<Request, R>) {
    this.#parts = parts;
    this.#records = [...parts.history.records];
  }

  /** Never rejects. */
  run(first: Candidate, delayMs: number): Promise<Finish<R>> {
    this.#signal.addEventListener("abort", this.#abort);
    this.#start(first, false);
    this.#timer = setTimeout(this.#hedge, delayMs);
    return this.#over.promise;
  }

  get #signal(): AbortSignal {
    return this.#parts.stage.call.rpc.signal;
  }

  #start(candidate: Candidate, hedge: boolean): void {
    const { call } = this.#parts.stage;
    const controller = new AbortController();
    const runner = { candidate, hedge, startMs: performance.now(), controller };
    this.#runners.add(runner);
    this.#controllers.push(controller);
    if (this.#signal.aborted) controller.abort(this.#signal.reason);
    const racing = {
      call: { ...call, rpc: { ...call.rpc, signal: controller.signal } },
      failures: this.#records,
      hedge,
      mayRepeat: () => this.#mayRepeat(),
    };
    this.#parts.attempt(candidate, racing).then(
      (reply) => this.#answered(runner, reply),
      (error: unknown) => this.#failed(runner, GatewayError.of(error)),
    );
  }

  readonly #hedge = (): void => {
    const { hedging, stage } = this.#parts;
    const slow = [...this.#runners];
    const candidate = hedging.next(
      stage.untried,
      slow.map((each) => each.candidate),
    );
    if (candidate === undefined) return;
    for (const each of slow) {
      // What is left of its credentials goes with the one that is asked now.
      if (each.candidate.spares?.includes(candidate.target)) each.candidate = { ...each.candidate, spares: [] };
    }
    this.#start(candidate, true);
    const delayMs = hedging.delayMs(candidate.target);
    if (this.#runners.size >= hedging.rules.parallelMax || delayMs === undefined) return;
    this.#timer = setTimeout(this.#hedge, delayMs);
  };

  #mayRepeat(): boolean {
    if (this.#runners.size > 1) return false;
    clearTimeout(this.#timer);
    return true;
  }

  #answered(runner: Runner, reply: R): void {
    if (this.#finish !== undefined) {
      // It was a moment too late, and may even be complete.
      this.#parts.stage.untried.unshift(runner.candidate);
      void reply.outcome.then((outcome) => this.#left(runner, recordOf(reply, outcome)));
      return;
    }
    void reply.outcome.then(() => this.#signal.removeEventListener("abort", this.#abort));
    this.#end(runner, { candidate: runner.candidate, reply }, outrun);
  }

  #failed(runner: Runner, thrown: GatewayError): void {
    const { candidate, hedge } = runner;
    const record = thrown.failure?.attempts.at(-1);
    if (this.#finish !== undefined) {
      // What was only cancelled works, and may be of use if the winner's answer breaks.
      if (thrown.reason === "CANCELLED") this.#parts.stage.untried.unshift(candidate);
      this.#left(runner, record);
      return;
    }
    // One that failed before may be heard of between its end and this word of it.
    const isBehind = (thrown.failure?.attempts.length ?? 0) <= this.#records.length;
    const error = record !== undefined && isBehind ? withAll(thrown, [...this.#records, record]) : thrown;
    if (hedge) this.#parts.hedging.ended(candidate, "failed");
    if (this.#runners.size === 1 || this.#signal.aborted || cureOf(error) === "none") {
      this.#end(runner, { candidate, error }, pointless);
      return;
    }
    clearTimeout(this.#timer);
    this.#runners.delete(runner);
    this.#parts.failed(candidate, error);
    this.#records.splice(0, this.#records.length, ...this.#parts.history.records);
  }

  /** What is left runs no more. */
  #end(runner: Runner, finish: Finish<R>, reason: GatewayError): void {
    clearTimeout(this.#timer);
    this.#finish = finish;
    this.#runners.delete(runner);
    if ("reply" in finish && runner.hedge) this.#parts.hedging.ended(finish.candidate, "won");
    for (const other of this.#runners) {
      const { target } = other.candidate;
      if (reason === outrun && !other.hedge) this.#parts.hedging.outrun(target, performance.now() - other.startMs);
      if (other.hedge) this.#parts.hedging.ended(other.candidate, reason === outrun ? "lost" : "failed");
      other.controller.abort(reason);
    }
    this.#settle(finish);
  }

  /** One that was cancelled has ended. */
  #left(runner: Runner, record: AttemptRecord | undefined): void {
    this.#runners.delete(runner);
    if (record !== undefined) this.#cancelled.push(record);
    if (this.#finish !== undefined) this.#settle(this.#finish);
  }

  #settle(finish: Finish<R>): void {
    if (this.#runners.size > 0) return;
    const { hedging } = this.#parts;
    if ("reply" in finish) {
      for (const record of this.#cancelled) this.#records.push({ ...record, number: this.#records.length + 1 });
      hedging.settle(this.#records);
      this.#over.resolve(finish);
      return;
    }
    this.#signal.removeEventListener("abort", this.#abort);
    const { candidate, error } = finish;
    const ended = error.failure?.attempts ?? this.#records;
    const told = this.#cancelled.length === 0 ? error : withAll(error, [...ended, ...this.#cancelled]);
    hedging.settle((told.failure?.attempts ?? []).filter(({ hedge }) => hedge));
    this.#over.resolve({ candidate, error: told });
  }

  readonly #abort = (): void => {
    clearTimeout(this.#timer);
    for (const controller of this.#controllers) controller.abort(this.#signal.reason);
  };
}

/** What a reply used that came too late. */
function recordOf(reply: Served, { error, usage, cost }: Outcome): AttemptRecord {
  const failed = error?.failure?.attempts.at(-1);
  const charge = cost === undefined ? { usage } : { usage, cost: { ...cost, lines: [] } };
  const outcome = AttemptOutcome.LOST_HEDGE;
  return failed ?? attemptRecord(reply.attempt, reply.sentMs, { outcome, upstreamStatus: 200, ...charge });
}

/** The error with all of these records, numbered anew. A copy: who aborts shares the reason with others. */
function withAll(error: GatewayError, records: readonly AttemptRecord[]): GatewayError {
  const attempts = records.map((record, i) => ({ ...record, number: i + 1 }));
  const { id = "", outputStarted = false } = error.failure ?? {};
  return error
    .with({})
    .withFailure(create(CompletionFailureSchema, { id, outputStarted, attempts, ...chargesOf(attempts) }));
}

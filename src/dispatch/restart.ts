import { create } from "@bufbuild/protobuf";
import { StreamRestartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Attempt as AttemptRecord } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Asked, Attempt } from "../model/call.ts";
import type { Chunk } from "../model/chunk.ts";
import { GatewayError } from "../model/error.ts";
import type { Outcome, Reply, Served } from "../model/reply.ts";

/** Where a stream goes whose output broke. */
export interface Onward {
  /** Every attempt that has ended, in order. */
  readonly records: readonly AttemptRecord[];
  mayGoOn(broken: Served, error: GatewayError): boolean;
  /** Rejects with what ends the call. */
  goOn(broken: Served, error: GatewayError): Promise<Reply>;
}

/** The part of an answer that comes from one target. */
interface Leg {
  readonly reply: Reply;
  /** The attempt before that broke. */
  readonly failed: AttemptRecord | undefined;
  /** Set once the reply has broken and another target is asked. Rejects with what ends the call. */
  next?: Promise<Leg>;
}

/**
 * A stream that begins anew with another target when it breaks: a restarted chunk voids what came. Not once a tool call has
 * been handed out: the caller may have carried it out.
 */
export function restartable(reply: Reply, onward: Onward): Reply {
  return new RestartableReply(reply, onward);
}

class RestartableReply implements Reply {
  readonly chunks = {
    next: () => this.#next(),
    return: () => this.#return(),
    [Symbol.asyncIterator]: () => this.chunks,
  };
  restarts = 0;
  readonly #onward: Onward;
  readonly #outcome = Promise.withResolvers<Outcome>();
  /** Where the reader is. */
  #leg: Leg;
  /** The newest, of which everything is told. */
  #last: Reply;
  #attempt: Attempt<Asked> | undefined;
  #calledTool = false;
  #left = false;

  constructor(reply: Reply, onward: Onward) {
    this.#onward = onward;
    this.#last = reply;
    this.#leg = this.#begin(reply, undefined);
  }

  get attempt() {
    return this.#attempt ?? this.#last.attempt;
  }

  get sentMs(): number {
    return this.#last.sentMs;
  }

  get firstOutputMs(): number {
    return this.#last.firstOutputMs;
  }

  get upstreamRequestId(): string {
    return this.#last.upstreamRequestId;
  }

  get upstreamModel(): string {
    return this.#last.upstreamModel;
  }

  get outputTokens(): number {
    return this.#last.outputTokens ?? 0;
  }

  get warnings() {
    return this.#last.warnings;
  }

  get outcome(): Promise<Outcome> {
    return this.#outcome.promise;
  }

  #begin(reply: Reply, failed: AttemptRecord | undefined): Leg {
    const leg: Leg = { reply, failed };
    this.#last = reply;
    void reply.outcome.then((outcome) => this.#ended(leg, outcome));
    return leg;
  }

  /** Decides before the reader meets the end: what of the output has not been read is not worth reading any more. */
  #ended(leg: Leg, outcome: Outcome): void {
    const { error } = outcome;
    const isOver = outcome.state !== "failed" || error === undefined || this.#calledTool || this.#left;
    if (isOver || !this.#onward.mayGoOn(leg.reply, error)) {
      this.#outcome.resolve(outcome);
      return;
    }
    this.restarts += 1;
    leg.next = this.#onward.goOn(leg.reply, error).then(
      (reply) => this.#went(reply, error),
      (thrown: unknown) => this.#gaveUp(leg.reply, outcome, GatewayError.of(thrown)),
    );
    // Nobody may be there to read it.
    leg.next.catch(() => undefined);
  }

  #went(reply: Reply, error: GatewayError): Leg {
    if (this.#left) void reply.chunks.return?.();
    return this.#begin(reply, error.failure?.attempts.at(-1));
  }

  /** The target that broke stands for the call, and those that failed after it are among the others. */
  #gaveUp({ attempt }: Reply, outcome: Outcome, error: GatewayError): never {
    this.#attempt = { ...attempt, failures: this.#onward.records.toSpliced(attempt.failures.length, 1) };
    const isFailed = error.reason === outcome.error?.reason || error.reason === "INTERNAL";
    this.#outcome.resolve({ ...outcome, state: isFailed ? "failed" : "abandoned", error, endMs: performance.now() });
    throw error;
  }

  async #next(): Promise<IteratorResult<readonly Chunk[]>> {
    const leg = this.#leg;
    let thrown: unknown;
    if (leg.next === undefined) {
      try {
        const result = await leg.reply.chunks.next();
        if (leg.next === undefined) return this.#seen(result);
      } catch (error) {
        thrown = error;
        await leg.reply.outcome;
      }
    }
    if (leg.next === undefined) throw thrown;
    this.#leg = await leg.next;
    const { failed } = this.#leg;
    const value = create(StreamRestartedSchema, failed === undefined ? {} : { failedAttempt: failed });
    return { done: false, value: [{ case: "restarted", value }] };
  }

  #seen(result: IteratorResult<readonly Chunk[]>): IteratorResult<readonly Chunk[]> {
    if (result.done === true || this.#calledTool) return result;
    for (const chunk of result.value) {
      if (chunk.case === "partStarted" && chunk.value.part?.part.case === "toolCall") this.#calledTool = true;
    }
    return result;
  }

  async #return(): Promise<IteratorResult<readonly Chunk[]>> {
    this.#left = true;
    await this.#last.chunks.return?.();
    return { done: true, value: undefined };
  }
}

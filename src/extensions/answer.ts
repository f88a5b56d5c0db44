import { create } from "@bufbuild/protobuf";
import { type Warning, WarningSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { GatewayError } from "../model/error.ts";
import type { Outcome, Reply, Served } from "../model/reply.ts";

type Batch = readonly Chunk[];

/** A warning for the caller. `field` is the path in the request that it is about, such as "messages[0].text". */
export function warning(code: string, field: string, message: string): Warning {
  return create(WarningSchema, { code, field, message });
}

/** The same answer with more warnings. */
export function withWarnings<R extends Served>(reply: R, warnings: readonly Warning[]): R {
  return warnings.length === 0 ? reply : altered(reply, { warnings: [...reply.warnings, ...warnings] });
}

/**
 * The same answer with other chunks: `alter` gets each batch as it comes and gives what takes its place. It must not
 * change the chunks themselves, nor leave out `finished`. What it throws ends the answer, and the call is told as failed.
 * An answer that is one value has no chunks and stays as it is.
 */
export function withChunks<R extends Served>(reply: R, alter: (batch: Batch) => Batch): R {
  if (!hasChunks(reply)) return reply;
  const chunks = new AlteredChunks(reply.chunks, alter);
  const { signal } = reply.attempt.call.rpc;
  return altered(reply, { chunks, outcome: reply.outcome.then((outcome) => chunks.outcomeOf(outcome, signal)) });
}

/** Whether an answer comes in pieces. */
export function hasChunks(reply: Served): reply is Reply {
  return "chunks" in reply;
}

/** A view: what an answer tells only at its end is still read from the answer itself. */
function altered<R extends Served>(reply: R, changes: Partial<Reply>): R {
  return new Proxy(reply, {
    get: (target, name) => Reflect.get(Object.hasOwn(changes, name) ? changes : target, name),
    has: (target, name) => Reflect.has(target, name),
  });
}

/** Extensions are often plain JavaScript, and forget to return. */
function listed(batch: Batch): Batch {
  if (Array.isArray(batch)) return batch;
  throw new TypeError("an extension gave no chunks");
}

class AlteredChunks implements AsyncIterableIterator<Batch> {
  readonly #source: Reply["chunks"];
  readonly #alter: (batch: Batch) => Batch;
  readonly #over = Promise.withResolvers<void>();
  #error: GatewayError | undefined;

  constructor(source: Reply["chunks"], alter: (batch: Batch) => Batch) {
    this.#source = source;
    this.#alter = alter;
  }

  async next(): Promise<IteratorResult<Batch>> {
    if (this.#error !== undefined) throw this.#error;
    try {
      const result = await this.#source.next();
      if (result.done !== true) return { done: false, value: listed(this.#alter(result.value)) };
    } catch (error) {
      this.#error = GatewayError.of(error);
      this.#over.resolve();
      await this.#source.return?.();
      throw this.#error;
    }
    this.#over.resolve();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Batch>> {
    this.#over.resolve();
    await this.#source.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** How the answer ended for its reader, who may find out later than the provider that it cannot be altered. */
  async outcomeOf(outcome: Outcome, signal: AbortSignal): Promise<Outcome> {
    if (outcome.state !== "finished" || signal.aborted) return this.#failed(outcome);
    const left = () => this.#over.resolve();
    signal.addEventListener("abort", left);
    await this.#over.promise;
    signal.removeEventListener("abort", left);
    return this.#failed(outcome);
  }

  #failed(outcome: Outcome): Outcome {
    return this.#error === undefined || outcome.state === "failed"
      ? outcome
      : { ...outcome, state: "failed", error: this.#error };
  }
}

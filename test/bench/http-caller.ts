import { type Dispatcher, Pool } from "undici";
import { answerEvents, wholeAnswer } from "./answers.ts";
import type { Caller, Held } from "./caller.ts";
import { type Request, requestsTo } from "./request.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

/** Bytes of an answer that is complete. */
interface Bytes {
  readonly min: number;
  readonly max: number;
}

const streamBytes = answerEvents.reduce((sum, { length }) => sum + length, 0);

/** Calls over HTTP/1.1 with JSON, each on a connection that nobody else uses at the time, and counts the bytes that come back. */
export class HttpCaller implements Caller {
  readonly #target: Target;
  readonly #pool: Pool;
  readonly #request: (shape: Shape) => Request;

  constructor(target: Target) {
    this.#target = target;
    this.#request = requestsTo(target);
    this.#pool = new Pool(target.url, { connections: null, pipelining: 1, bodyTimeout: 0 });
  }

  call(shape: Shape, seen?: () => void): Promise<void> {
    const expected = bytesOf(this.#target, shape);
    return new Promise((resolve, reject) => this.#dispatch(shape, new Counting(expected, resolve, reject, seen)));
  }

  hold(): Promise<Held> {
    return new Promise((resolve, reject) => this.#dispatch("silent", new Holding(resolve, reject)));
  }

  #dispatch(shape: Shape, handler: Dispatcher.DispatchHandler): void {
    this.#pool.dispatch({ method: "POST", ...this.#request(shape) }, handler);
  }
}

/** The gateways write answers of their own, and more or less of them than the provider did. */
export function bytesOf({ exact }: Pick<Target, "exact">, shape: Shape): Bytes {
  const length = shape === "unary" ? wholeAnswer.length : streamBytes;
  return exact ? { min: length, max: length } : { min: length / 3, max: length * 3 };
}

class Counting implements Dispatcher.DispatchHandler {
  readonly #expected: Bytes;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  readonly #seen: (() => void) | undefined;
  #status = 0;
  #bytes = 0;

  constructor(expected: Bytes, resolve: () => void, reject: (error: Error) => void, seen: (() => void) | undefined) {
    this.#expected = expected;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#seen = seen;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: unknown, bytes: Buffer): void {
    this.#seen?.();
    this.#bytes += bytes.length;
  }

  onResponseEnd(): void {
    const { min, max } = this.#expected;
    if (this.#status === 200 && this.#bytes >= min && this.#bytes <= max) this.#resolve();
    else this.#reject(new Error(`the answer was ${this.#status} with ${this.#bytes} bytes`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}

class Holding implements Dispatcher.DispatchHandler {
  readonly #resolve: (held: Held) => void;
  readonly #reject: (error: Error) => void;

  constructor(resolve: (held: Held) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(): void {}

  onResponseData(controller: Dispatcher.DispatchController): void {
    this.#resolve({ leave: () => controller.abort(new Error("no longer wanted")) });
  }

  onResponseEnd(): void {
    this.#reject(new Error("the stream ended by itself"));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}

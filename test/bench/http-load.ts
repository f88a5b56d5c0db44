import { type Dispatcher, Pool } from "undici";
import { answerEvents, wholeAnswer } from "./answers.ts";
import { concurrency, type WorkloadName } from "./workload.ts";

const streamBytes = answerEvents.reduce((sum, { length }) => sum + length, 0);
const messages = [
  { role: "system", content: "Answer in one sentence." },
  { role: "user", content: "What are gateways measured by?" },
];

/** Calls the raw proxy as an OpenAI client would, and counts the bytes of the answers. */
export class HttpLoad {
  readonly #pool: Pool;

  constructor(url: string) {
    this.#pool = new Pool(url, { connections: concurrency, pipelining: 1 });
  }

  /** One call. Rejects when the answer is not complete. */
  call(workload: WorkloadName): Promise<void> {
    const stream = workload === "unary" ? {} : { stream: true, stream_options: { include_usage: true } };
    const body = JSON.stringify({ model: "gpt-4o-mini", messages, max_completion_tokens: 256, ...stream });
    const headers = { "content-type": "application/json", authorization: "Bearer sk-bench" };
    const bytes = workload === "unary" ? wholeAnswer.length : streamBytes;
    return new Promise((resolve, reject) => {
      const handler = new Counting(bytes, resolve, reject);
      this.#pool.dispatch({ method: "POST", path: "/v1/chat/completions", headers, body }, handler);
    });
  }
}

class Counting implements Dispatcher.DispatchHandler {
  readonly #bytesExpected: number;
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #status = 0;
  #bytes = 0;

  constructor(bytesExpected: number, resolve: () => void, reject: (error: Error) => void) {
    this.#bytesExpected = bytesExpected;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number): void {
    this.#status = status;
  }

  onResponseData(_controller: unknown, bytes: Buffer): void {
    this.#bytes += bytes.length;
  }

  onResponseEnd(): void {
    if (this.#status === 200 && this.#bytes === this.#bytesExpected) this.#resolve();
    else this.#reject(new Error(`the raw proxy answered ${this.#status} with ${this.#bytes} bytes`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}

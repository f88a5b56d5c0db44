import { type Dispatcher, Pool } from "undici";
import { answerEvents, wholeAnswer } from "./answers.ts";
import { concurrency, type Shape } from "./workload.ts";

const texts = { system: "Answer in one sentence.", user: "What are gateways measured by?" };
const connectRequest = {
  model: "openai/gpt-4o-mini",
  messages: [
    { role: "ROLE_SYSTEM", content: [{ text: texts.system }] },
    { role: "ROLE_USER", content: [{ text: texts.user }] },
  ],
  maxOutputTokens: 256,
};

/** Bytes of an answer that is complete. */
type Bytes = Readonly<Record<"whole" | "stream", { readonly min: number; readonly max: number }>>;

const streamBytes = answerEvents.reduce((sum, { length }) => sum + length, 0);
const passedOn: Bytes = {
  whole: { min: wholeAnswer.length, max: wholeAnswer.length },
  stream: { min: streamBytes, max: streamBytes },
};
/** The gateway writes answers of its own, and more or less of them than the provider did. */
const rewritten: Bytes = {
  whole: { min: wholeAnswer.length / 2, max: wholeAnswer.length * 2 },
  stream: { min: streamBytes / 2, max: streamBytes * 2 },
};

/** Calls over HTTP/1.1 with JSON, and counts the bytes of the answers. */
export class HttpLoad {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #path: string;
  readonly #bodyOf: (shape: Shape) => string;
  readonly #bytes: Bytes;

  private constructor(url: string, apiKey: string, path: string, bodyOf: (shape: Shape) => string, bytes: Bytes) {
    this.#pool = new Pool(url, { connections: concurrency, pipelining: 1 });
    this.#headers = { "content-type": "application/json", authorization: `Bearer ${apiKey}` };
    this.#path = path;
    this.#bodyOf = bodyOf;
    this.#bytes = bytes;
  }

  /** Calls the raw proxy as an OpenAI client calls OpenAI. */
  static raw(url: string): HttpLoad {
    return new HttpLoad(url, "sk-bench", "/v1/chat/completions", chatBodies("gpt-4o-mini"), passedOn);
  }

  /** Calls the gateway as an OpenAI client does. */
  static openai(url: string, apiKey: string): HttpLoad {
    return new HttpLoad(url, apiKey, "/v1/chat/completions", chatBodies("openai/gpt-4o-mini"), rewritten);
  }

  /** Calls the gateway as a Connect client does, for whole answers only. */
  static connect(url: string, apiKey: string): HttpLoad {
    const body = () => JSON.stringify(connectRequest);
    return new HttpLoad(url, apiKey, "/llmhub.v1.CompletionService/Complete", body, rewritten);
  }

  /** One call. Rejects when the answer is not complete. */
  call(shape: Shape): Promise<void> {
    const bytes = this.#bytes[shape === "unary" ? "whole" : "stream"];
    return new Promise((resolve, reject) => {
      this.#pool.dispatch(
        { method: "POST", path: this.#path, headers: this.#headers, body: this.#bodyOf(shape) },
        new Counting(bytes, resolve, reject),
      );
    });
  }
}

function chatBodies(model: string): (shape: Shape) => string {
  const messages = Object.entries(texts).map(([role, content]) => ({ role, content }));
  const whole = { model, messages, max_completion_tokens: 256 };
  const stream = { ...whole, stream: true, stream_options: { include_usage: true } };
  return (shape) => JSON.stringify(shape === "unary" ? whole : stream);
}

class Counting implements Dispatcher.DispatchHandler {
  readonly #expected: Bytes["whole"];
  readonly #resolve: () => void;
  readonly #reject: (error: Error) => void;
  #status = 0;
  #bytes = 0;

  constructor(expected: Bytes["whole"], resolve: () => void, reject: (error: Error) => void) {
    this.#expected = expected;
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
    const { min, max } = this.#expected;
    if (this.#status === 200 && this.#bytes >= min && this.#bytes <= max) this.#resolve();
    else this.#reject(new Error(`the answer was ${this.#status} with ${this.#bytes} bytes`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}

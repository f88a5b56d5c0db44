import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError } from "@connectrpc/connect";
import type {
  CompleteRequestSchema,
  StreamCompleteRequestSchema,
  StreamFinished,
} from "../../../gen/llmhub/v1/completion_pb.ts";
import type { CompletionService } from "../../../gen/llmhub/v1/completion_service_pb.ts";
import { failureOf } from "./failure.ts";

type Start = NonNullable<MessageInitShape<typeof StreamCompleteRequestSchema>["start"]>;

const resumesMax = 5;

/** One streamed answer, however many connections that takes. */
export class Answer {
  readonly #client: Client<typeof CompletionService>;
  readonly #signal: AbortSignal | undefined;
  /** Of the clock of performance.now(). */
  readonly #endMs: number;
  /** Takes the stream up again; the sequence is that of the last event that came. */
  #token = "";
  #sequence = 0;
  resumed = 0;

  /** @param timeoutMs for all of it. */
  constructor(client: Client<typeof CompletionService>, timeoutMs: number, signal?: AbortSignal) {
    this.#client = client;
    this.#endMs = performance.now() + timeoutMs;
    this.#signal = signal;
  }

  /** Yields each piece of text and returns the last event. */
  async *read(request: MessageInitShape<typeof CompleteRequestSchema>): AsyncGenerator<string, StreamFinished> {
    let start: Start = { case: "request", value: request };
    for (;;) {
      try {
        return yield* this.#readOn(start);
      } catch (error) {
        // An error without ErrorInfo is not the gateway's: the connection broke, or the caller itself gave up.
        const { code, info } = failureOf(error);
        const broken = info === undefined && code !== Code.DeadlineExceeded && this.#signal?.aborted !== true;
        if (!broken || this.#token === "" || this.resumed === resumesMax) throw error;
      }
      this.resumed++;
      start = { case: "resume", value: { token: this.#token, afterSequence: this.#sequence } };
    }
  }

  async *#readOn(start: Start): AsyncGenerator<string, StreamFinished> {
    let last: StreamFinished | undefined;
    const timeoutMs = Math.max(1, Math.floor(this.#endMs - performance.now()));
    const options = { timeoutMs, ...(this.#signal === undefined ? {} : { signal: this.#signal }) };
    for await (const { sequence, event } of this.#client.streamComplete({ start }, options)) {
      // Heartbeats have no number.
      if (sequence > 0) this.#sequence = sequence;
      if (event.case === "started") this.#token = event.value.resumeToken;
      else if (event.case === "partDelta" && event.value.delta.case === "text") yield event.value.delta.value;
      else if (event.case === "finished") last = event.value;
    }
    if (last === undefined) throw new ConnectError("the stream was cut", Code.Unavailable);
    return last;
  }
}

import type { ChannelOptions } from "@grpc/grpc-js";
import type { StreamCompleteResponse } from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { GrpcJsClient } from "../e2e/grpc-js-client.ts";

const { complete, streamComplete } = CompletionService.method;

/** Calls at once, of each kind. */
const unaryAtOnce = 20;
const streamsAtOnce = 10;
/** Connections, which they share. */
const clients = 4;
const words = 20;

/** Constant load until it is stopped: each call that ends is followed by another. */
export class Load implements AsyncDisposable {
  /** How calls failed, and what was wrong with answers. */
  readonly failures: string[] = [];
  answers = 0;
  streams = 0;
  readonly #clients: readonly GrpcJsClient[];
  readonly #loops: readonly Promise<void>[];
  #ended = Promise.withResolvers<void>();
  #stopped = false;

  /** @param target address, or what else the library takes. */
  constructor(target: string, options: ChannelOptions = {}) {
    const own = { ...options, "grpc.use_local_subchannel_pool": 1 };
    this.#clients = Array.from({ length: clients }, () => new GrpcJsClient(target, own));
    const loops = (count: number, call: (client: GrpcJsClient) => Promise<void>) =>
      Array.from({ length: count }, (_, i) => this.#loop(call, this.#clients[i % clients]));
    this.#loops = [
      ...loops(unaryAtOnce, (client) => this.#unary(client)),
      ...loops(streamsAtOnce, (client) => this.#stream(client)),
    ];
  }

  /** Resolves when so many more calls of each kind have ended well; rejects once one has not. */
  async progress(count: number): Promise<void> {
    const [answers, streams] = [this.answers + count, this.streams + count];
    while (this.answers < answers || this.streams < streams) {
      await this.#ended.promise;
      if (this.failures.length > 0) throw new Error(this.failures.join("\n"));
    }
  }

  /** Resolves when all calls in flight have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  async #loop(call: (client: GrpcJsClient) => Promise<void>, client: GrpcJsClient | undefined): Promise<void> {
    while (!this.#stopped && client !== undefined && this.failures.length < failuresMax) {
      await call(client).catch((error: unknown) => this.failures.push(`${error}`));
      this.#ended.resolve();
      this.#ended = Promise.withResolvers();
    }
  }

  async #unary(client: GrpcJsClient): Promise<void> {
    await client.unary(complete, { model: "simulator/gpt:first-token-200:pace-0", input: "hi" });
    this.answers++;
  }

  async #stream(client: GrpcJsClient): Promise<void> {
    const events: StreamCompleteResponse[] = [];
    const request = { model: "simulator/claude:first-token-20:pace-20", input: `Write ${words} words` };
    await client.serverStream(streamComplete, { start: { case: "request", value: request } }, (event) => {
      events.push(event);
    });
    const gap = events.find(({ sequence }, i) => sequence !== i + 1);
    if (gap !== undefined) throw new Error(`event ${gap.sequence} of a stream is out of turn`);
    if (events.at(-1)?.event.case !== "finished") throw new Error("a stream ended well without being finished");
    this.streams++;
  }
}

/** More than that say nothing new. */
const failuresMax = 20;

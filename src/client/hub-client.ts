import { create, type DescMethodUnary, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { Code, type CallOptions as ConnectOptions, createClient, type Transport } from "@connectrpc/connect";
import {
  CompleteRequestSchema,
  type CompleteResponse,
  StreamOptionsSchema,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService, type CountTokensResponse } from "../../gen/llmhub/v1/completion_service_pb.ts";
import type { EmbedRequestSchema, EmbedResponse } from "../../gen/llmhub/v1/embedding_pb.ts";
import { EmbeddingService } from "../../gen/llmhub/v1/embedding_service_pb.ts";
import {
  type GetModelResponse,
  type ListModelsRequestSchema,
  type Model,
  ModelService,
  type Provider,
} from "../../gen/llmhub/v1/model_service_pb.ts";
import { type RerankRequestSchema, type RerankResponse, RerankService } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { CallOptions, ClientOptions } from "./call-options.ts";
import { type Asker, CompletionBuilder, type StreamCallOptions } from "./completion-builder.ts";
import type { CompletionRequest } from "./completion-request.ts";
import { CompletionStream } from "./completion-stream.ts";
import { HubError } from "./hub-error.ts";
import { Deadline, mayRepeat, Repeats } from "./repeat.ts";

/** Tries of a call, the first included. */
const attemptsMax = 3;

type Called = Pick<ConnectOptions, "headers" | "timeoutMs" | "signal" | "onHeader">;

/** Texts to embed. */
export type EmbedInput = MessageInitShape<typeof EmbedRequestSchema> & {
  readonly model: string;
  readonly inputs: string[];
};

/** Documents to order. */
export type RerankInput = MessageInitShape<typeof RerankRequestSchema> & {
  readonly model: string;
  readonly query: string;
  readonly documents: string[];
};

/** Which models to list. */
export type ModelFilter = Omit<
  Exclude<MessageInitShape<typeof ListModelsRequestSchema>, { $typeName: string }>,
  "pageToken"
>;

/** The hub's API over any transport. Every failure is a HubError. */
export class HubClient implements Asker, AsyncDisposable {
  readonly #transport: Transport;
  readonly #options: ClientOptions;
  readonly #close: () => void | Promise<void>;
  readonly #closed = new AbortController();

  /** @param close gives the transport back. Absent: it stays as it is. */
  constructor(transport: Transport, options: ClientOptions = {}, close: () => void | Promise<void> = () => undefined) {
    this.#transport = transport;
    this.#options = options;
    this.#close = close;
  }

  /** Ends the connection, and calls that are on it: none is made or taken up again. What was given as a transport stays open. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A request, step by step. */
  complete(): CompletionBuilder;
  /** The answer to a request, as a whole. */
  complete(request: CompletionRequest, options?: CallOptions): Promise<CompleteResponse>;
  complete(request?: CompletionRequest, options: CallOptions = {}): CompletionBuilder | Promise<CompleteResponse> {
    if (request === undefined) return new CompletionBuilder(this);
    return this.#unary(CompletionService.method.complete, request, options);
  }

  /** The answer to a request, piece by piece. Nothing is sent before somebody reads. */
  stream(request: CompletionRequest, { stream: options, ...call }: StreamCallOptions = {}): CompletionStream {
    const { retry = {}, resume = {}, timeoutMs } = this.#options;
    const { streamComplete } = createClient(CompletionService, this.#transport);
    const wishes = options && create(StreamOptionsSchema, options);
    return new CompletionStream({
      request: create(CompleteRequestSchema, request),
      timeoutMs: call.timeoutMs ?? timeoutMs,
      signal: call.signal,
      closed: this.#closed.signal,
      retry,
      resume,
      isRepeatable: call.idempotencyKey !== undefined,
      open: async (start, deadline) => {
        const called = await this.#called(CompletionService.method.streamComplete, call, deadline);
        return streamComplete({ start, ...(wishes && { options: wishes }) }, called);
      },
    });
  }

  /** Counts input tokens and estimates their cost, without an answer. */
  countTokens(request: CompletionRequest, options: CallOptions = {}): Promise<CountTokensResponse> {
    return this.#unary(CompletionService.method.countTokens, { request }, options);
  }

  /** One vector for each text, in their order. */
  embed(request: EmbedInput, options: CallOptions = {}): Promise<EmbedResponse> {
    return this.#unary(EmbeddingService.method.embed, request, options);
  }

  /** Documents by how well they fit a query, best first. */
  rerank(request: RerankInput, options: CallOptions = {}): Promise<RerankResponse> {
    return this.#unary(RerankService.method.rerank, request, options);
  }

  /** Every model that this key may use, page after page as it is read. */
  async *models(filter: ModelFilter = {}, options: CallOptions = {}): AsyncGenerator<Model, void> {
    for (let pageToken: string | undefined; pageToken !== ""; ) {
      const page = { ...filter, ...(pageToken !== undefined && { pageToken }) };
      const { models, nextPageToken } = await this.#unary(ModelService.method.listModels, page, options);
      yield* models;
      pageToken = nextPageToken;
    }
  }

  /** One model, or where an alias, a policy or a chain leads. */
  model(name: string, options: CallOptions = {}): Promise<GetModelResponse> {
    return this.#unary(ModelService.method.getModel, { name }, options);
  }

  /** Every provider with its health. */
  async *providers(options: CallOptions = {}): AsyncGenerator<Provider, void> {
    for (let pageToken: string | undefined; pageToken !== ""; ) {
      const page = pageToken === undefined ? {} : { pageToken };
      const { providers, nextPageToken } = await this.#unary(ModelService.method.listProviders, page, options);
      yield* providers;
      pageToken = nextPageToken;
    }
  }

  async #unary<I extends MessageDesc, O extends MessageDesc>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: CallOptions,
  ): Promise<MessageShape<O>> {
    const deadline = new Deadline(options.timeoutMs ?? this.#options.timeoutMs, options.signal, this.#closed.signal);
    const isRepeatable = options.idempotencyKey !== undefined || method.idempotency !== Idempotency.IDEMPOTENCY_UNKNOWN;
    const tries = new Repeats(this.#options.retry ?? {}, attemptsMax, deadline);
    for (;;) {
      const { headers, timeoutMs, signal } = await this.#called(method, options, deadline);
      const called = this.#transport.unary(method, signal, timeoutMs, headers, request);
      const answer = await called.catch(async (error) => {
        const failure = deadline.failureOf(error);
        if (!mayRepeat(failure, isRepeatable)) throw failure;
        await tries.after(failure);
      });
      if (answer === undefined) continue;
      options.onHeader?.(answer.header);
      return answer.message;
    }
  }

  async #called(method: Method, options: CallOptions, deadline: Deadline): Promise<Called> {
    const headers = await this.#headers(`${method.parent.typeName}/${method.name}`, options);
    deadline.check();
    // What it took to get the key is gone.
    const timeoutMs = deadline.leftMs();
    return {
      headers,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(deadline.signal && { signal: deadline.signal }),
      ...(options.onHeader && { onHeader: options.onHeader }),
    };
  }

  /** Throws FAILED_PRECONDITION for what no header can carry, without quoting it, and where the client's own functions fail. */
  async #headers(method: string, { headers, idempotencyKey }: CallOptions): Promise<Headers> {
    const { apiKey, headers: ofCall } = this.#options;
    try {
      const key = typeof apiKey === "function" ? await apiKey() : apiKey;
      const sent = new Headers();
      if (key !== undefined) sent.set("authorization", `Bearer ${key}`);
      if (idempotencyKey !== undefined) sent.set("idempotency-key", idempotencyKey);
      for (const [name, value] of Object.entries({ ...ofCall?.(method), ...headers })) sent.set(name, value);
      return sent;
    } catch {
      const message = "the API key, or a header, cannot be had, or has characters that no header can carry";
      throw new HubError(Code.FailedPrecondition, message);
    }
  }
}

type MessageDesc = DescMethodUnary["input"];
type Method = Pick<DescMethodUnary, "parent" | "name">;

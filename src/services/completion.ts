import { create } from "@bufbuild/protobuf";
import {
  type CompleteRequest,
  type CompleteResponse,
  CompleteResponseSchema,
  type StreamCompleteRequest,
  type StreamResume,
} from "../../gen/llmhub/v1/completion_pb.ts";
import {
  type CountTokensRequest,
  CountTokensRequestSchema,
  type CountTokensResponse,
  CountTokensResponseSchema,
} from "../../gen/llmhub/v1/completion_service_pb.ts";
import type { RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import { planOf } from "../dispatch/planner.ts";
import type { Router } from "../dispatch/router.ts";
import type { Call, Rpc } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import { msOf } from "../model/duration.ts";
import { GatewayError } from "../model/error.ts";
import { Fold } from "../model/fold.ts";
import type { Result, Served } from "../model/reply.ts";
import { timestampOf } from "../model/timestamp.ts";
import { coalesce } from "./coalesce.ts";
import { checkConversation } from "./conversation-rules.ts";
import { EventFeed } from "./event-feed.ts";
import type { Batch, EventStream } from "./event-stream.ts";
import { AdmittedEvents } from "./resume/admitted-events.ts";
import type { KeptStreams } from "./resume/kept-streams.ts";
import { createTimeOf, plannedRouting, routingAt, routingOf, viewed } from "./routing-info.ts";
import type { RequestValidator } from "./validation.ts";

/** A shorter interval that a caller wishes for is this one. */
const heartbeatMsMin = 10;

/** What the handlers work with. */
export interface CompletionParts {
  /** The chain around every call. */
  readonly dispatch: Dispatch<Call>;
  /** Counts the input tokens of a call. */
  readonly count: Dispatch<Call, Result<Usage>>;
  /** Finds out what a call would do, without doing it. */
  readonly preview: Dispatch<Call, Served>;
  /** The router of the configuration in force. */
  readonly router: () => Router;
  readonly validator: RequestValidator;
  /** Told of each request that is refused before it becomes a call. */
  readonly rejected: (rpc: Rpc, error: unknown) => void;
  /** Told of each request that is answered without a call, and of how that ends. */
  readonly callless: (rpc: Rpc, error?: GatewayError) => void;
  readonly streams: KeptStreams;
  /**
   * Takes what a reader of a kept stream takes of limits, a place among calls at once only if the stream has none itself.
   * Rejects with what forbids it; undefined: no limit concerns it.
   */
  readonly readerAdmitted: (rpc: Rpc, takesPlace: boolean) => Promise<ReaderHold> | undefined;
  /** Makes CompleteResponse.id. */
  readonly newId: () => string;
}

/** What a reader holds of limits. */
interface ReaderHold {
  release(): void;
}

/** CompletionService, whatever the transport: requests become calls, replies become answers. */
export class CompletionHandlers {
  readonly #parts: CompletionParts;

  constructor(parts: CompletionParts) {
    this.#parts = parts;
  }

  /** Answers in one message: a fold over the same chunks that a stream would carry. */
  async complete(request: CompleteRequest, rpc: Rpc): Promise<CompleteResponse> {
    this.#tell(rpc, () => {
      this.#parts.validator.checkCompletion(request);
      checkConversation(request);
    });
    const call = this.#callOf(request, rpc, false);
    if (request.validateOnly) return this.#preview(call);
    const reply = await this.#parts.dispatch(call);
    const fold = new Fold();
    for await (const batch of reply.chunks) {
      for (const chunk of batch) fold.add(chunk);
    }
    const response = fold.response();
    response.id = reply.attempt.call.id;
    response.routing = routingOf(call, reply, response.usage, response.cost);
    response.createTime = createTimeOf(reply);
    response.warnings = [...reply.warnings, ...response.warnings];
    viewed(call, response);
    return response;
  }

  /** Answers piece by piece, or goes on with it. Throws at once what a look at the request shows. */
  streamComplete(message: StreamCompleteRequest, rpc: Rpc): EventStream {
    const { options, start } = message;
    const heartbeatMs = heartbeatOf(msOf(options?.heartbeatInterval), this.#parts.streams.heartbeatMs);
    this.#tell(rpc, () => this.#parts.validator.checkStream(message));
    if (start.case === "resume") return this.#tell(rpc, () => this.#resumed(start.value, heartbeatMs, rpc));
    const request = this.#tell(rpc, () => streamable(message));
    const windowMs = msOf(options?.coalesceWindow) ?? 0;
    return this.#parts.streams.open(rpc, (own, token) => {
      const call = this.#callOf(request, own, true);
      const feed = this.#feed(options?.allowRestart ? { ...call, allowRestart: true } : call, heartbeatMs, token);
      return windowMs > 0 ? coalesce(feed, windowMs) : feed;
    });
  }

  /** Like `streamComplete`, for surfaces whose clients cannot resume: nothing is kept. */
  events(request: CompleteRequest, rpc: Rpc): AsyncIterableIterator<Batch> {
    this.#tell(rpc, () => {
      this.#parts.validator.checkCompletion(request);
      checkConversation(request);
      refusePreview(request);
    });
    return this.#feed(this.#callOf(request, rpc, true), this.#parts.streams.heartbeatMs, "");
  }

  #feed(call: Call, heartbeatMs: number, token: string): EventFeed {
    // The router of now: what a later configuration makes of the call does not concern it.
    const router = this.#parts.router();
    const planned = () => plannedOf(router, call);
    return new EventFeed(call, planned, this.#parts.dispatch(call), heartbeatMs, token);
  }

  /** Counts input tokens: by the provider where it can, else estimated and marked so. */
  async countTokens(message: CountTokensRequest, rpc: Rpc): Promise<CountTokensResponse> {
    this.#parts.validator.check(CountTokensRequestSchema, message);
    const { request } = message;
    if (request === undefined) throw new GatewayError("INVALID_REQUEST", "request is required");
    checkConversation(request, "request");
    const call = this.#callOf(request, rpc, false);
    const { attempt, value: usage, outcome } = await this.#parts.count(call);
    const { facts, selector } = attempt.target;
    const { cost } = await outcome;
    return create(CountTokensResponseSchema, {
      usage,
      contextWindow: facts.contextWindow,
      model: selector,
      ...(cost === undefined ? {} : { cost }),
    });
  }

  #resumed({ token, afterSequence }: StreamResume, heartbeatMs: number, rpc: Rpc): EventStream {
    const { streams, callless, readerAdmitted, rejected } = this.#parts;
    const resumption = { token, after: afterSequence, rpc, heartbeatMs };
    const admitting = readerAdmitted(rpc, !streams.isRunning(token, rpc.caller.keyId));
    if (admitting === undefined) return streams.resume({ ...resumption, over: (error) => callless(rpc, error) });
    const release = () => void admitting.then((hold) => hold.release());
    return new AdmittedEvents({
      after: afterSequence,
      admitted: admitting,
      begin: () =>
        streams.resume({
          ...resumption,
          over: (error) => {
            release();
            callless(rpc, error);
          },
        }),
      refused: (error) => {
        rejected(rpc, error);
        admitting.then((hold) => hold.release()).catch(() => undefined);
      },
      unbegun: (error) => {
        release();
        callless(rpc, error);
      },
    });
  }

  /** Tells of a failure that strikes before there is a call, because no chain will. */
  #tell<T>(rpc: Rpc, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#parts.rejected(rpc, error);
      throw error;
    }
  }

  #callOf(request: CompleteRequest, rpc: Rpc, stream: boolean): Call {
    return { id: this.#parts.newId(), rpc, request, stream };
  }

  async #preview(call: Call): Promise<CompleteResponse> {
    const { attempt, warnings, outcome } = await this.#parts.preview(call).catch((error: unknown) => {
      this.#parts.rejected(call.rpc, error);
      throw error;
    });
    const { usage, cost } = await outcome;
    const response = create(CompleteResponseSchema, {
      id: call.id,
      routing: routingAt(call, attempt.policy, attempt.target),
      createTime: timestampOf(Date.now()),
      warnings: [...warnings],
      usage,
      ...(cost === undefined ? {} : { cost }),
    });
    viewed(call, response);
    this.#parts.callless(call.rpc);
    return response;
  }
}

/** How a call is to be served, as it was asked. Undefined: not at all, but for an extension that makes another call of it. */
function plannedOf(router: Router, call: Call): RoutingInfo | undefined {
  try {
    return plannedRouting(call, planOf(router, call));
  } catch (error) {
    // If it stays so, the chain says it.
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** The completion that a stream is to carry. */
function streamable({ start }: StreamCompleteRequest): CompleteRequest {
  if (start.case !== "request") throw new GatewayError("INVALID_REQUEST", "start is required");
  checkConversation(start.value, "request");
  refusePreview(start.value);
  return start.value;
}

function refusePreview({ validateOnly }: CompleteRequest): void {
  if (validateOnly) throw new GatewayError("INVALID_REQUEST", "validate_only has no stream. Use Complete");
}

/** Zero is none; anything else at least a hundredth of a second, or beating would be all the gateway does. */
function heartbeatOf(ms: number | undefined, defaultMs: number): number {
  return ms === undefined ? defaultMs : ms && Math.max(ms, heartbeatMsMin);
}

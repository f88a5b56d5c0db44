import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { CompleteRequest } from "../../gen/llmhub/v1/completion_pb.ts";
import type { EmbedRequest } from "../../gen/llmhub/v1/embedding_pb.ts";
import type { RerankRequest } from "../../gen/llmhub/v1/rerank_service_pb.ts";
import type { Attempt as AttemptRecord, CacheStatus, RoutingInfo } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Strategy } from "./policy.ts";
import type { Target } from "./target.ts";
import type { Span, TraceContext } from "./trace.ts";

/** Who asks. */
export interface Caller {
  /** Id of the API key; empty when authentication is off. */
  readonly keyId: string;
  /** Whom the key belongs to; empty when it says nothing of that. */
  readonly tenantId: string;
  /** Model selectors the key may use; undefined means all. A trailing "*" matches any ending. */
  readonly models: readonly string[] | undefined;
  /** Groups of calls that the key may make beside those that ask models: "admin". Absent: none. */
  readonly scopes?: readonly string[];
}

/** The name that a caller gives to one piece of work, so that a repeat is no second one. */
export interface IdempotencyKey {
  /** The header idempotency-key: 1 to 255 visible ASCII characters. */
  readonly value: string;
  /** Which of several answers to one request, from 0. */
  readonly choice: number;
  /** How many answers the request wants. */
  readonly choices: number;
}

/** One remote call as the transport sees it, before anything of its message is read. */
export interface Rpc {
  /** "llmhub.v1.CompletionService/Complete". */
  readonly method: string;
  /** Correlation id: the caller's x-request-id, or one made here. */
  readonly requestId: string;
  readonly caller: Caller;
  /** Address of the caller, as the connection or a trusted proxy tells it; empty when the connection is gone. */
  readonly peerAddress: () => string;
  /** Sends a header with the answer. In time until the first message of the answer, or its error, is on its way. */
  readonly answerHeader: (name: string, value: string) => void;
  /** Arrival, on the clock of performance.now(). */
  readonly startMs: number;
  /** When the caller has no more use for an answer, on the same clock. Always finite. */
  readonly deadlineMs: number;
  /** Aborts when the caller leaves, the deadline passes, or the gateway stops. The reason is a GatewayError. */
  readonly signal: AbortSignal;
  /**
   * Name in provider_options under which settings of another's API stand that the caller speaks. Whoever answers and does
   * not read them says so. Absent: the hub's own API, where they may be for any of several targets.
   */
  readonly dialect?: string | undefined;
  /** The header cache-control as it came; absent when it did not. */
  readonly cacheControl?: string | undefined;
  /** Absent: a repeat is a call of its own. */
  readonly idempotency?: IdempotencyKey | undefined;
  /** Where the call stands in a trace: its own span, or what its caller said. Absent: in none. */
  readonly trace?: TraceContext | undefined;
  /** Absent: the call is not recorded. */
  readonly span?: Span | undefined;
}

/** What can be asked of a model. */
export type Asked = CompleteRequest | EmbedRequest | RerankRequest;

/** What the response cache did for a call. */
export interface CacheUse {
  readonly status: CacheStatus;
  /** When the entry that answers was made, in milliseconds since 1970. Undefined unless there is one. */
  readonly madeMs: number | undefined;
}

/** What the first answer to an idempotency key told of itself, which a repeat tells again. */
export interface Replay {
  readonly routing: RoutingInfo;
  readonly usage: Usage;
  readonly cost: Cost | undefined;
  /** Absent: answers of this kind tell no time. */
  readonly createTime: Timestamp | undefined;
}

/** One request in flight. Immutable. */
export interface Call<Request extends Asked = CompleteRequest> {
  /** Unique; CompleteResponse.id. */
  readonly id: string;
  readonly rpc: Rpc;
  readonly request: Request;
  /** The answer is wanted piece by piece. */
  readonly stream: boolean;
  /** When the answer breaks, it may begin anew: the caller knows how to drop what came. */
  readonly allowRestart?: true;
  /** Absent: the response cache was not in play. */
  readonly cache?: CacheUse;
  /** Set: no provider is asked, because the key of the call has its answer. */
  readonly replay?: Replay;
}

/** Bounds on one attempt, in milliseconds. */
export interface Timeouts {
  /** From sending to the first content. */
  readonly firstOutputMs: number;
  /** Longest silence between contents; keep-alives do not count. */
  readonly idleMs: number;
  /** From sending to the end. */
  readonly totalMs: number;
}

/** A call bound to one target. */
export interface Attempt<Request extends Asked = CompleteRequest> {
  readonly call: Call<Request>;
  readonly target: Target;
  /** Resource name of the policy, chain or else alias that led to the target, such as "aliases/fast"; empty when none did. */
  readonly policy: string;
  /** How the target was picked; absent where there was no other. */
  readonly strategy?: Strategy | undefined;
  /** Arm of an experiment that the target stands for; absent for none. */
  readonly arm?: string | undefined;
  /**
   * Other attempts of this call, in the order in which they ended: failed, skipped, or outrun by this one, which are added
   * before its first output is handed on. Their number plus one is the number of this one.
   */
  readonly failures: readonly AttemptRecord[];
  /** Begun beside another that is slow. */
  readonly hedge?: true | undefined;
  readonly timeouts: Timeouts;
  /** Use a connection that carried nothing before. */
  readonly freshConnection: boolean;
  /** The provider is told where the call stands in its trace. */
  readonly tellsTrace?: boolean | undefined;
  /** Absent: the attempt is not recorded. */
  readonly span?: Span | undefined;
  /** Whether one more provider call may follow these; counts it if so. Absent: none may. */
  readonly mayRepeat?: (attempts: readonly AttemptRecord[]) => boolean;
}

import type { FinishReason, Warning } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Cost, Usage } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked, Attempt } from "./call.ts";
import type { Chunk } from "./chunk.ts";
import type { GatewayError } from "./error.ts";

/** How a reply ended. */
export interface Outcome {
  /** finished: terminal marker seen. failed: the provider broke. abandoned: the caller left or its time was up. */
  readonly state: "finished" | "failed" | "abandoned";
  /** Set unless finished. */
  readonly error: GatewayError | undefined;
  readonly finishReason: FinishReason;
  /** The provider's count, or the gateway's estimate; never absent, because broken answers cost money too. */
  readonly usage: Usage;
  readonly cost: Cost | undefined;
  /** End, on the clock of performance.now(). */
  readonly endMs: number;
  /** It finished without its terminal marker, after it had said why it ends. */
  readonly isUnmarked?: boolean;
}

/**
 * How a target serves a call, whatever its answer consists of. Where an answer may begin anew, all of it can change until
 * the outcome is there.
 */
export interface Served {
  readonly attempt: Attempt<Asked>;
  /** When the attempt was sent and when its first content came, on the clock of performance.now(). */
  readonly sentMs: number;
  readonly firstOutputMs: number;
  /** The provider's id of the request, for support tickets. */
  readonly upstreamRequestId: string;
  /** Model name the provider reports. Known for certain once the reply has ended. */
  readonly upstreamModel: string;
  /** Output so far, as it can be told before the end. Absent: it cannot. */
  readonly outputTokens?: number;
  /** What the target cannot express. */
  readonly warnings: readonly Warning[];
  /** How often output was voided and the answer began anew. Absent: never. */
  readonly restarts?: number;
  /** Settles once, never rejects, also when nobody reads. */
  readonly outcome: Promise<Outcome>;
}

/** A piece of an answer: a chunk of generated content, or the one value that an answer of another kind consists of. */
export type Piece<Value = never> = Chunk | Whole<Value>;

/** Distributes over the type, so that there is no such piece where there is no value. */
type Whole<Value> = Value extends unknown ? { readonly case: "value"; readonly value: Value } : never;

/** A target's answer: what it says, piece by piece, and how it ends. */
export interface Reply<Value = never> extends Served {
  /**
   * The pieces, in batches of what one upstream read brought. Read by one reader, once. Ends after a finished chunk, or
   * throws a GatewayError. Reading is pacing: who stops reading pauses the upstream.
   */
  readonly chunks: AsyncIterableIterator<readonly Piece<Value>[]>;
}

/** A target's answer that is one value: vectors, or an order of documents. */
export interface Result<Value> extends Served {
  readonly value: Value;
}

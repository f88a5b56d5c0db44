import type { Rpc } from "../model/call.ts";
import type { GatewayError } from "../model/error.ts";
import { codeName } from "./code-name.ts";
import type { Logger } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import { fieldsOf, type Rejection, rejections } from "./rejections.ts";

/** The end of a call as its transport saw it. */
export interface CallEnd extends Rejection {
  /** A handler has seen the call. */
  readonly handled: boolean;
  /** Undefined: the call succeeded. */
  readonly error: GatewayError | undefined;
}

/** Methods of probes and of tools that look around. */
const probes = /^(?:grpc\.|GET \/(?:live|ready|health)$)/;

/**
 * Sees to it that every call is told of once: completions by their own chain, which knows tokens and cost, everything else
 * here.
 */
export class CallLines {
  readonly #logger: Logger;
  readonly #chained: ReadonlySet<string>;
  /** A call that ends before it reaches the chain. */
  readonly rejected: (rejection: Rejection, error: unknown) => void;

  /** @param chained methods whose calls the chain tells of once a handler has them. */
  constructor(logger: Logger, metrics: Metrics, chained: readonly string[]) {
    this.#logger = logger;
    this.#chained = new Set(chained);
    this.rejected = rejections(logger, metrics);
  }

  /** A completion that is refused before it becomes a call. */
  readonly refused = (rpc: Rpc, error: unknown): void => this.rejected(rejectionOf(rpc), error);

  /** A completion that is answered without a call: a preview, or the rest of a stream that was called for before. */
  readonly callless = (rpc: Rpc, error?: GatewayError): void => this.#tell(rejectionOf(rpc), error);

  /** A call of any method, over any protocol but the hot one. */
  readonly ended = (end: CallEnd): void => {
    if (end.handled) {
      if (!this.#chained.has(end.method)) this.#tell(end, end.error);
    } else if (end.error !== undefined) {
      this.rejected(end, end.error);
    }
  };

  #tell(end: Rejection, error: GatewayError | undefined): void {
    // Probes and descriptions come by the thousand.
    const log = probes.test(end.method) ? this.#logger.debug : this.#logger.info;
    log({ ...fieldsOf(end), code: codeName(error?.code), reason: error?.reason }, "call");
  }
}

function rejectionOf({ method, requestId, caller, startMs, trace }: Rpc): Rejection {
  const { keyId, tenantId } = caller;
  return { method, requestId, keyId, tenantId, trace, durationMs: performance.now() - startMs };
}

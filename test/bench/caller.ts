import { GrpcCaller } from "./grpc-caller.ts";
import { HttpCaller } from "./http-caller.ts";
import type { Target } from "./target.ts";
import type { Shape } from "./workload.ts";

/** Calls one target, in a process of its own. */
export interface Caller {
  /**
   * One call. Rejects when the answer is not complete.
   * @param seen is called for each piece of the answer, as it comes.
   */
  call(shape: Shape, seen?: () => void): Promise<void>;
  /** Opens a stream that says no more after its first piece, and resolves when that is there. */
  hold(): Promise<Held>;
}

/** A stream that is kept open. */
export interface Held {
  leave(): void;
}

export function callerOf(target: Target): Caller {
  return target.door === "grpc" ? new GrpcCaller(target) : new HttpCaller(target);
}

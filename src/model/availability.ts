import type { Reason } from "./error.ts";
import type { Target } from "./target.ts";

/** Why a target is not to be tried now. */
export interface Obstruction {
  readonly reason: Reason;
  /** As in the metadata of the error that its caller would get: "circuit_model", "cooldown". */
  readonly cause: string;
  /** Until it may be. Undefined: that is not known, or makes no difference. */
  readonly waitMs: number | undefined;
}

/** Knows which targets are worth a try now. */
export interface Availability {
  /** 0: the target may be tried now; else milliseconds until it may. Cheap: asked for every target of every call. */
  waitMs(target: Target): number;
  /** Why it may not be tried; undefined when it may. For records. */
  obstruction(target: Target): Obstruction | undefined;
}

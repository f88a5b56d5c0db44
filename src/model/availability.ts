import type { Target } from "./target.ts";

/** Knows which targets are worth a try now. */
export interface Availability {
  /** 0: the target may be tried now; else milliseconds until it may. Cheap: asked for every target of every call. */
  waitMs(target: Target): number;
}

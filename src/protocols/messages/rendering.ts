import type { Attempt } from "../../model/call.ts";
import { Rendering as DialectRendering } from "../rendering.ts";
import { family } from "./wire.ts";

/** One request on its way into the dialect, with the beta features it needs. */
export class Rendering extends DialectRendering {
  /** Values of the anthropic-beta header. */
  readonly betas = new Set<string>();

  constructor(attempt: Attempt) {
    super(attempt, family);
  }
}

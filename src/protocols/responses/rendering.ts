import type { PartSignature } from "../../../gen/llmhub/v1/content_pb.ts";
import type { Attempt } from "../../model/call.ts";
import { Rendering as DialectRendering } from "../rendering.ts";
import { type Echo, echoIn } from "./echo.ts";
import { family } from "./wire.ts";

/** One request on its way into the dialect, and what the target wants back of what it said. */
export class Rendering extends DialectRendering {
  constructor(attempt: Attempt) {
    super(attempt, family);
  }

  /** The echo in a signature; undefined where the target did not make it. */
  echoOf(signature: PartSignature | undefined): Echo | undefined {
    return signature?.provider === this.target.provider.id ? echoIn(signature) : undefined;
  }
}

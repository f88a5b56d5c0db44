import type { Asked, Attempt } from "../../model/call.ts";
import type { Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Target } from "../../model/target.ts";

/** Lets attempts at targets through, or refuses them at once, by how earlier ones went. */
export interface Gate {
  /** Throws what the caller is to hear when the target is not to be tried now. */
  enter(target: Target): Passage;
}

/** An attempt that was let through tells how it goes. */
interface Passage {
  /** Its first content has come. */
  answered(): void;
  /** It is over; called exactly once. */
  ended(error: GatewayError | undefined): void;
}

/** Spares targets that keep failing, or asked to be left alone, and learns from how the attempts end. */
export function breaker(gate: Gate): Interceptor<Attempt<Asked>> {
  return (next) => async (attempt) => {
    const passage = gate.enter(attempt.target);
    try {
      const reply = await next(attempt);
      passage.answered();
      void reply.outcome.then(({ error }) => passage.ended(error));
      return reply;
    } catch (error) {
      passage.ended(GatewayError.of(error));
      throw error;
    }
  };
}

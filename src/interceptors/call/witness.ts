import type { Asked, Call } from "../../model/call.ts";
import type { Dispatch, Interceptor } from "../../model/dispatch.ts";
import { GatewayError } from "../../model/error.ts";
import type { Outcome, Served } from "../../model/reply.ts";

/** Hears of each call once when it has ended. Must not throw. */
export interface Witness {
  /** The answer begins. */
  begun?(call: Call<Asked>): void;
  /** It ended before an answer began. */
  rejected(call: Call<Asked>, error: GatewayError): void;
  /** The answer that had begun has ended, well or badly. */
  ended(call: Call<Asked>, reply: Served, outcome: Outcome): void;
}

/** Has all witnesses hear of a call together, in their order: another one costs no promise. */
export function witnessed(...witnesses: readonly Witness[]): Interceptor<Call<Asked>> {
  return (next) => (call) => watched(witnesses, next, call);
}

async function watched<Own extends Call<Asked>, R extends Served>(
  witnesses: readonly Witness[],
  next: Dispatch<Own, R>,
  call: Own,
): Promise<R> {
  try {
    const reply = await next(call);
    for (const witness of witnesses) witness.begun?.(call);
    void reply.outcome.then((outcome) => {
      for (const witness of witnesses) witness.ended(call, reply, outcome);
    });
    return reply;
  } catch (error) {
    const failure = GatewayError.of(error);
    for (const witness of witnesses) witness.rejected(call, failure);
    throw error;
  }
}

import type { Availability } from "../model/availability.ts";
import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import type { Served } from "../model/reply.ts";
import { Journey, type JourneyParts } from "./journey.ts";
import { type Plan, planOf } from "./planner.ts";
import type { Router } from "./router.ts";
import { timeoutsFor } from "./stage.ts";

/** What an answer becomes whose caller lets it begin anew. */
export type Restart<Request extends Asked, R extends Served> = (reply: R, journey: Journey<Request, R>) => R;

/**
 * Plans a call and tries its targets until one answers. `router` is asked once per call, so a call keeps its
 * configuration.
 */
export function dispatcher<Request extends Asked, R extends Served>(
  router: () => Router,
  parts: JourneyParts,
  attempt: Dispatch<Attempt<Request>, R>,
  restart: Restart<Request, R> | undefined,
): Dispatch<Call<Request>, R> {
  return async (call) => {
    const journey = new Journey(parts, call, planOf(router(), call), attempt);
    if (restart === undefined || call.allowRestart !== true) return journey.run();
    return restart(await journey.run(), journey);
  };
}

/** An attempt at the first target of a plan, for what is asked beside the call itself; not with a credential that is out. */
export function firstAttempt<Request extends Asked>(
  call: Call<Request>,
  { route, steps }: Plan,
  availability: Availability,
): Attempt<Request> {
  const [planned] = steps;
  const first = planned?.candidates[0] ?? planned?.fallbacks[0];
  const working = first?.twins?.find((twin) => availability.waitMs(twin) <= 0);
  const target = working ?? first?.target ?? route.target;
  const timeouts = timeoutsFor(call, target, Number.POSITIVE_INFINITY);
  return { call, target, policy: route.policy, failures: [], timeouts, freshConnection: false };
}

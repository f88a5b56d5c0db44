import type { Asked, Attempt, Call } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import type { Served } from "../model/reply.ts";
import { planOf } from "./planner.ts";
import type { Route, Router } from "./router.ts";

/** Finds the target of a call and tries it. `router` is asked once per call, so a call keeps its configuration. */
export function dispatcher<Request extends Asked, R extends Served>(
  router: () => Router,
  attempt: Dispatch<Attempt<Request>, R>,
): Dispatch<Call<Request>, R> {
  return async (call) => attempt(firstAttempt(call, planOf(router(), call)));
}

/** The first attempt of a call at the target of its route. */
export function firstAttempt<Request extends Asked>(call: Call<Request>, { target, alias }: Route): Attempt<Request> {
  return {
    call,
    target,
    policy: alias,
    failures: [],
    timeouts: target.provider.timeouts,
    freshConnection: false,
  };
}

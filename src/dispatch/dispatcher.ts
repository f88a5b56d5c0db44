import type { Attempt, Call } from "../model/call.ts";
import type { Dispatch } from "../model/dispatch.ts";
import { planOf } from "./planner.ts";
import type { Route, Router } from "./router.ts";

/** Finds the target of a call and tries it. `router` is asked once per call, so a call keeps its configuration. */
export function dispatcher(router: () => Router, attempt: Dispatch<Attempt>): Dispatch<Call> {
  return async (call) => attempt(firstAttempt(call, planOf(router(), call)));
}

/** The first attempt of a call at the target of its route. */
export function firstAttempt(call: Call, { target, alias }: Route): Attempt {
  return {
    call,
    target,
    policy: alias,
    failures: [],
    timeouts: target.provider.timeouts,
    freshConnection: false,
  };
}

import { PreconditionFailureSchema, QuotaFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Obstruction } from "../model/availability.ts";
import { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";
import type { Obstacle } from "./guard.ts";

/** What stands open, in words. */
const causes = { endpoint: "its address", credential: "the gateway's credential", model: "the model" } as const;

/** What kind of refusal an obstacle is, for records. */
export function obstructionOf(obstacle: Obstacle): Obstruction {
  const { waitMs } = obstacle;
  if ("scope" in obstacle) return { reason: "NO_HEALTHY_TARGET", cause: `circuit_${obstacle.scope}`, waitMs };
  const reason = obstacle.cooldown.quota ? "PROVIDER_QUOTA_EXHAUSTED" : "PROVIDER_RATE_LIMITED";
  return { reason, cause: "cooldown", waitMs };
}

/** What a caller hears whose target is not tried. */
export function refusalFor({ provider, model, selector }: Target, obstacle: Obstacle): GatewayError {
  const { reason, cause, waitMs } = obstructionOf(obstacle);
  const { id, credential } = provider;
  const metadata = { provider: id, model, ...(credential !== undefined && { credential }) };
  const facts = { metadata: { ...metadata, cause }, retryMs: waitMs };
  if ("scope" in obstacle) {
    const message = `${selector} is not called for now: too many calls have failed for ${causes[obstacle.scope]}`;
    return new GatewayError(reason, message, facts);
  }
  const subject = `providers/${id}`;
  if (obstacle.cooldown.quota) {
    const description = `the gateway's account at the provider is used up for ${selector}; it is not called for now`;
    return new GatewayError(reason, description, facts).detail(PreconditionFailureSchema, {
      violations: [{ type: "PROVIDER_QUOTA", subject, description }],
    });
  }
  const description = `the provider limits the rate of calls to ${selector}; it is not called for now`;
  return new GatewayError(reason, description, facts).detail(QuotaFailureSchema, {
    violations: [{ subject, description }],
  });
}

import { PreconditionFailureSchema, QuotaFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";
import type { Obstacle } from "./guard.ts";

/** What stands open, in words. */
const causes = { endpoint: "its address", credential: "the gateway's credential", model: "the model" } as const;

/** What a caller hears whose target is not tried. */
export function refusalFor({ provider, model, selector }: Target, obstacle: Obstacle): GatewayError {
  const { waitMs } = obstacle;
  const { id, credential } = provider;
  const metadata = { provider: id, model, ...(credential !== undefined && { credential }) };
  if ("scope" in obstacle) {
    const { scope } = obstacle;
    const message = `${selector} is not called for now: too many calls have failed for ${causes[scope]}`;
    const circuit = { metadata: { ...metadata, cause: `circuit_${scope}` }, retryMs: waitMs };
    return new GatewayError("NO_HEALTHY_TARGET", message, circuit);
  }
  const subject = `providers/${id}`;
  const facts = { metadata: { ...metadata, cause: "cooldown" }, retryMs: waitMs };
  if (obstacle.cooldown.quota) {
    const description = `the gateway's account at the provider is used up for ${selector}; it is not called for now`;
    return new GatewayError("PROVIDER_QUOTA_EXHAUSTED", description, facts).detail(PreconditionFailureSchema, {
      violations: [{ type: "PROVIDER_QUOTA", subject, description }],
    });
  }
  const description = `the provider limits the rate of calls to ${selector}; it is not called for now`;
  return new GatewayError("PROVIDER_RATE_LIMITED", description, facts).detail(QuotaFailureSchema, {
    violations: [{ subject, description }],
  });
}

import { BadRequestSchema, PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { RoutingOptions } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Asked, Call } from "../model/call.ts";
import { estimateCost } from "../model/cost.ts";
import { GatewayError } from "../model/error.ts";
import { estimateInput } from "../model/estimate.ts";
import type { ModelKind, Target } from "../model/target.ts";
import { resolveFor } from "./permission.ts";
import type { Route, Router } from "./router.ts";

/** Output assumed for a price check when neither the caller nor the model bounds it. */
const outputTokensDefault = 4096;

/** Where a call goes: its route, after the caller's permission and the caller's own wishes have been heard. */
export function planOf(router: Router, { request, rpc }: Pick<Call<Asked>, "request" | "rpc">): Route {
  const route = resolveFor(router, rpc.caller, request.model);
  refuseOtherKind(route.target, request);
  if (request.routing !== undefined) {
    narrow(route.target, request.routing);
    refuseAboveCost(route.target, request, request.routing);
  }
  return route;
}

type Kind = readonly [kind: ModelKind, operation: "generate" | "embed" | "rerank", service: string];

const kinds: Readonly<Record<Asked["$typeName"], Kind>> = {
  "llmhub.v1.CompleteRequest": ["completion", "generate", "CompletionService"],
  "llmhub.v1.EmbedRequest": ["embedding", "embed", "EmbeddingService"],
  "llmhub.v1.RerankRequest": ["rerank", "rerank", "RerankService"],
};

/** A model that is known to be made for other calls need not be asked. What its provider has not at all is told later. */
function refuseOtherKind({ provider, facts, selector }: Target, { $typeName }: Asked): void {
  const [wanted, operation] = kinds[$typeName];
  if (facts.type === undefined || facts.type === wanted || provider[operation] === undefined) return;
  const service = Object.values(kinds).find(([kind]) => kind === facts.type)?.[2];
  const description = `${selector} is made for ${facts.type}: call it through ${service}, or choose another model`;
  const metadata = { model: selector, capability: wanted, field: "model" };
  throw new GatewayError("CAPABILITY_UNSUPPORTED", description, { metadata }).detail(BadRequestSchema, {
    fieldViolations: [{ field: "model", description, reason: "OTHER_KIND_OF_MODEL" }],
  });
}

function narrow(target: Target, { allowedProviders, deniedProviders }: RoutingOptions): void {
  const { id } = target.provider;
  const excluded = allowedProviders.length > 0 && !allowedProviders.includes(id);
  if (!excluded && !deniedProviders.includes(id)) return;
  const field = excluded ? "routing.allowed_providers" : "routing.denied_providers";
  const description = `${target.selector} is served by ${id}, which ${field} rules out`;
  throw new GatewayError("INVALID_REQUEST", description, { metadata: { violations: "1" } }).detail(BadRequestSchema, {
    fieldViolations: [{ field, description, reason: "NO_TARGET_LEFT" }],
  });
}

/** Only completions have output. */
function outputTokensOf(request: Asked, { facts }: Target): number {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return 0;
  return request.maxOutputTokens ?? (facts.maxOutputTokens || outputTokensDefault);
}

function refuseAboveCost(target: Target, request: Asked, { maxCost }: RoutingOptions): void {
  if (maxCost === undefined) return;
  const outputTokens = outputTokensOf(request, target);
  const cost = estimateCost(estimateInput(request), outputTokens, target.facts.priceList)?.total;
  // An unknown price may be above any limit.
  if (cost?.currencyCode === maxCost.currencyCode && cost.amountNanos <= maxCost.amountNanos) return;
  const lowest = cost === undefined ? "unknown" : String(cost.amountNanos);
  const { currencyCode } = maxCost;
  const description =
    cost === undefined
      ? `the price of ${target.selector} is not known, so routing.max_cost cannot be kept`
      : cost.currencyCode === currencyCode
        ? `the call may cost ${lowest} billionths of a ${currencyCode}, above routing.max_cost`
        : `prices are in ${cost.currencyCode}, so routing.max_cost in ${currencyCode} cannot be kept`;
  throw new GatewayError("COST_LIMIT_EXCEEDED", description, {
    metadata: {
      maxCostNanos: String(maxCost.amountNanos),
      lowestCostNanos: lowest,
      currencyCode: cost?.currencyCode ?? "unknown",
    },
  }).detail(PreconditionFailureSchema, {
    violations: [{ type: "MAX_COST", subject: target.selector, description }],
  });
}

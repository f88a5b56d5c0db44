import { BadRequestSchema, PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { RoutingOptions } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Money } from "../../gen/llmhub/v1/usage_pb.ts";
import type { Asked } from "../model/call.ts";
import { estimateCost } from "../model/cost.ts";
import { GatewayError } from "../model/error.ts";
import { estimateInput } from "../model/estimate.ts";
import type { ModelKind, Target } from "../model/target.ts";
import { isWithin } from "./target-filter.ts";

/** Output assumed for a price check when neither the caller nor the model bounds it. */
const outputTokensDefault = 4096;

/** Why a call may not go to a target; undefined: it may. */
export function refusalOf(target: Target, request: Asked): GatewayError | undefined {
  const { routing } = request;
  const otherKind = otherKindOf(target, request);
  if (otherKind !== undefined || routing === undefined) return otherKind;
  return excludedBy(target, routing) ?? aboveCost(target, request, routing);
}

/** What a call may cost at a target, as far as that can be known before; undefined where the price is not known. */
export function expectedCost(target: Target, request: Asked): Money | undefined {
  return estimateCost(estimateInput(request), outputTokensOf(request, target), target.facts.priceList)?.total;
}

type Kind = readonly [kind: ModelKind, operation: "generate" | "embed" | "rerank", service: string];

const kinds: Readonly<Record<Asked["$typeName"], Kind>> = {
  "llmhub.v1.CompleteRequest": ["completion", "generate", "CompletionService"],
  "llmhub.v1.EmbedRequest": ["embedding", "embed", "EmbeddingService"],
  "llmhub.v1.RerankRequest": ["rerank", "rerank", "RerankService"],
};

/** A model that is known to be made for other calls need not be asked. What its provider has not at all is told later. */
function otherKindOf({ provider, facts, selector }: Target, { $typeName }: Asked): GatewayError | undefined {
  const [wanted, operation] = kinds[$typeName];
  if (facts.type === undefined || facts.type === wanted || provider[operation] === undefined) return undefined;
  const service = Object.values(kinds).find(([kind]) => kind === facts.type)?.[2];
  const description = `${selector} is made for ${facts.type}: call it through ${service}, or choose another model`;
  const metadata = { model: selector, capability: wanted, field: "model" };
  return new GatewayError("CAPABILITY_UNSUPPORTED", description, { metadata }).detail(BadRequestSchema, {
    fieldViolations: [{ field: "model", description, reason: "OTHER_KIND_OF_MODEL" }],
  });
}

function excludedBy(target: Target, routing: RoutingOptions): GatewayError | undefined {
  const { allowedProviders, deniedProviders, regions } = routing;
  const { id } = target.provider;
  if (allowedProviders.length > 0 && !allowedProviders.includes(id)) {
    return ruledOut(target, `is served by ${id}`, "routing.allowed_providers");
  }
  if (deniedProviders.includes(id)) return ruledOut(target, `is served by ${id}`, "routing.denied_providers");
  if (regions.length === 0 || isWithin(target.region, regions)) return undefined;
  return ruledOut(target, `is in ${target.region ?? "a region that is not known"}`, "routing.regions");
}

function ruledOut({ selector }: Target, why: string, field: string): GatewayError {
  const description = `${selector} ${why}, which ${field} rules out`;
  return new GatewayError("INVALID_REQUEST", description, { metadata: { violations: "1" } }).detail(BadRequestSchema, {
    fieldViolations: [{ field, description, reason: "NO_TARGET_LEFT" }],
  });
}

/** Only completions have output. */
function outputTokensOf(request: Asked, { facts }: Target): number {
  if (request.$typeName !== "llmhub.v1.CompleteRequest") return 0;
  return request.maxOutputTokens ?? (facts.maxOutputTokens || outputTokensDefault);
}

function aboveCost(target: Target, request: Asked, { maxCost }: RoutingOptions): GatewayError | undefined {
  if (maxCost === undefined) return undefined;
  const cost = expectedCost(target, request);
  // An unknown price may be above any limit.
  if (cost?.currencyCode === maxCost.currencyCode && cost.amountNanos <= maxCost.amountNanos) return undefined;
  const lowest = cost === undefined ? "unknown" : String(cost.amountNanos);
  const { currencyCode } = maxCost;
  const description =
    cost === undefined
      ? `the price of ${target.selector} is not known, so routing.max_cost cannot be kept`
      : cost.currencyCode === currencyCode
        ? `the call may cost ${lowest} billionths of a ${currencyCode}, above routing.max_cost`
        : `prices are in ${cost.currencyCode}, so routing.max_cost in ${currencyCode} cannot be kept`;
  return new GatewayError("COST_LIMIT_EXCEEDED", description, {
    metadata: {
      maxCostNanos: String(maxCost.amountNanos),
      lowestCostNanos: lowest,
      currencyCode: cost?.currencyCode ?? "unknown",
    },
  }).detail(PreconditionFailureSchema, {
    violations: [{ type: "MAX_COST", subject: target.selector, description }],
  });
}

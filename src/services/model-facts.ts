import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  HealthSnapshotSchema,
  ModelCapabilitiesSchema,
  ModelPricingSchema,
} from "../../gen/llmhub/v1/model_service_pb.ts";
import { HealthState } from "../../gen/llmhub/v1/model_service_pb.ts";
import type { HealthReading } from "../dispatch/health-window.ts";
import { durationOf } from "../model/error.ts";
import type { ModelFacts, PriceList } from "../model/target.ts";

/** Capabilities as clients read them; features in code unit order. */
export function capabilitiesOf(facts: ModelFacts): MessageInitShape<typeof ModelCapabilitiesSchema> {
  return {
    contextWindow: facts.contextWindow,
    maxOutputTokens: facts.maxOutputTokens,
    inputModalities: [...facts.inputModalities],
    outputModalities: [...facts.outputModalities],
    features: [...facts.features].sort(),
    dimensions: facts.dimensions === 0 ? [] : [facts.dimensions],
  };
}

/** Prices as clients read them; undefined when they are unknown, which is not free of charge. */
export function pricingOf(priceList: PriceList | undefined): MessageInitShape<typeof ModelPricingSchema> | undefined {
  if (priceList === undefined) return undefined;
  return {
    priceList: priceList.name,
    lines: priceList.prices.map(({ meter, nanosPerMillion, fromInputTokens }) => ({
      meter,
      pricePerMillion: { currencyCode: "USD", amountNanos: nanosPerMillion },
      fromInputTokens,
    })),
  };
}

/** Health as clients read it; the worse of its state and of that trouble. */
export function healthOf(
  reading: HealthReading,
  trouble: HealthState = HealthState.UNSPECIFIED,
): MessageInitShape<typeof HealthSnapshotSchema> {
  const { state, errorRate, p50, p95, observeTime, lastErrorReason } = reading;
  return {
    state: trouble > state ? trouble : state,
    errorRate,
    ...(p50 !== undefined && { p50TimeToFirstOutput: durationOf(p50) }),
    ...(p95 !== undefined && { p95TimeToFirstOutput: durationOf(p95) }),
    observeTime: timestampFromMs(observeTime),
    lastErrorReason,
  };
}

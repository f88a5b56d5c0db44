import { type DescField, fromJson, isFieldSet, type JsonValue } from "@bufbuild/protobuf";
import { type CompleteRequest, CompleteRequestSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chain, Policy, RetryRules } from "../model/policy.ts";
import { filterOf } from "./filter-section.ts";
import type { Findings } from "./findings.ts";
import { hedgeOf } from "./hedge-section.ts";
import type { RoutingSection } from "./routing-section.ts";
import { didYouMean } from "./suggestion.ts";

/** What a step may put on a request: how a model is to answer, not what it is asked, nor by whom. */
const overridable = new Set<string>([
  "maxOutputTokens",
  "temperature",
  "topP",
  "topK",
  "frequencyPenalty",
  "presencePenalty",
  "seed",
  "reasoning",
  "serviceTier",
  "stopSequences",
  "providerOptions",
]);
const fields = CompleteRequestSchema.fields.filter(({ localName }) => overridable.has(localName));

/** How targets are picked and calls repeated, checked. */
export interface RoutingConfig {
  readonly retry: RetryRules;
  /** By name, without "policies/" and "chains/". Their models' providers exist. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** Turns the valid section into configuration. Problems go to the findings. */
export function routingOf({ retry, policies, chains }: RoutingSection, findings: Findings): RoutingConfig {
  const general = {
    maxAttempts: retry.maxAttempts,
    initialBackoffMs: retry.initialBackoff,
    maxBackoffMs: retry.maxBackoff,
  };
  return {
    retry: general,
    policies: new Map(Object.entries(policies).map(([name, policy]) => [name, policyOf(policy, general)])),
    chains: new Map(
      Object.entries(chains).map(([name, chain]) => [
        name,
        {
          maxLatencyMs: chain.maxLatency,
          maxAttempts: chain.maxAttempts,
          steps: chain.steps.map(({ target, maxRetries, maxLatency, fallThroughOn, overrides }, index) => ({
            target,
            maxRetries,
            maxLatencyMs: maxLatency,
            fallThroughOn,
            overrides:
              overrides && overridesOf(overrides, ["models", "chains", name, "steps", index, "overrides"], findings),
          })),
        },
      ]),
    ),
  };
}

function policyOf(policy: RoutingSection["policies"][string], general: RetryRules): Policy {
  return {
    // Two words for the same: in order, and the next one only when those before it are out or have failed.
    strategy: policy.strategy === "failover" ? "priority" : policy.strategy,
    targets: policy.targets.map(({ model, weight, arm = "", credentials }) => ({ model, weight, arm, credentials })),
    filter: policy.filter && filterOf(policy.filter),
    retry: {
      maxAttempts: policy.maxAttempts,
      initialBackoffMs: policy.initialBackoff ?? general.initialBackoffMs,
      maxBackoffMs: policy.maxBackoff ?? general.maxBackoffMs,
    },
    stickyTo: policy.stickyTo,
    overridable: policy.overridable,
    afterOutput: policy.afterOutput,
    hedge: policy.hedge && hedgeOf(policy.hedge),
    tellsTrace: policy.traceContext,
  };
}

/** The fields of a request, read as clients write them in JSON. */
function overridesOf(
  overrides: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
  findings: Findings,
): Partial<CompleteRequest> {
  const names = fields.map(({ jsonName }) => jsonName);
  const given = Object.entries(overrides).filter(([name]) => {
    const known = names.includes(name);
    const message = `is no setting of a step${didYouMean(name, names)} (known: ${names.join(", ")})`;
    if (!known) findings.add([...path, name], message, "key");
    return known;
  });
  try {
    const request = fromJson(CompleteRequestSchema, Object.fromEntries(given) as JsonValue);
    return Object.fromEntries(
      fields.filter((field) => isSet(request, field)).map(({ localName }) => entryOf(request, localName)),
    );
  } catch {
    findings.add(path, "has a value of the wrong form; write settings as in a request in JSON");
    return {};
  }
}

function isSet(request: CompleteRequest, field: DescField): boolean {
  return isFieldSet(request, field);
}

function entryOf(request: CompleteRequest, name: string): [string, unknown] {
  return [name, Object.entries(request).find(([key]) => key === name)?.[1]];
}

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type {
  ListModelsRequest,
  ListProvidersRequest,
  ModelSchema,
  ModelService,
  ProviderSchema,
} from "../../gen/llmhub/v1/model_service_pb.ts";
import {
  GetModelRequestSchema,
  GetProviderRequestSchema,
  HealthState,
  ListModelsRequestSchema,
  ListProvidersRequestSchema,
  ModelType,
} from "../../gen/llmhub/v1/model_service_pb.ts";
import type { HealthReading } from "../dispatch/health-window.ts";
import { allows, mayUse, mayUseProvider, permissionDenied, resolveFor } from "../dispatch/permission.ts";
import { strategyOf } from "../dispatch/planner.ts";
import { targetsOf as targetsOfRoute } from "../dispatch/route.ts";
import { type Router, resourceNameOf } from "../dispatch/router.ts";
import type { Caller } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import type { Provider, Target } from "../model/target.ts";
import { callerOf } from "./context.ts";
import { bySelector, type Discovery } from "./discovery.ts";
import { capabilitiesOf, healthOf, pricingOf } from "./model-facts.ts";
import { pageOf } from "./page.ts";
import type { RequestValidator } from "./validation.ts";

/** What the service tells of: one configuration, and the health of its providers at this moment. */
export interface ModelView {
  readonly router: Router;
  readonly providers: ReadonlyMap<string, Provider>;
  /** What the providers list themselves. */
  readonly discovery: Discovery;
  /** Undefined for a provider that nobody watches: its state is then UNSPECIFIED. */
  health(providerId: string): HealthReading | undefined;
  /** What is wrong with one model, or else with any model of the provider, that the provider's health does not show. */
  trouble(of: { readonly provider: Provider; readonly model?: string }): HealthState;
}

/**
 * Models and providers as the caller's key may use them; the rest does not exist for the caller. A model that the key
 * reaches by an alias only is shown with the alias as its selector. `view` is asked once per call.
 */
export function modelService(view: () => ModelView, { check }: RequestValidator): ServiceImpl<typeof ModelService> {
  return {
    listModels: (request, context) => {
      check(ListModelsRequestSchema, request);
      return listModels(view(), callerOf(context), request);
    },
    getModel: (request, context) => {
      check(GetModelRequestSchema, request);
      return getModel(view(), callerOf(context), request.name);
    },
    listProviders: (request, context) => {
      check(ListProvidersRequestSchema, request);
      return listProviders(view(), callerOf(context), request);
    },
    getProvider: (request, context) => {
      check(GetProviderRequestSchema, request);
      return getProvider(view(), callerOf(context), request.name);
    },
  };
}

const types = {
  completion: ["generate", ModelType.COMPLETION],
  embedding: ["embed", ModelType.EMBEDDING],
  rerank: ["rerank", ModelType.RERANK],
} as const;

type Healths = (providerId: string) => HealthReading | undefined;

/** The models that a caller may use, a page at a time. Asks providers whose own lists are old. */
export async function listModels(view: ModelView, caller: Caller, request: ListModelsRequest) {
  const { type, provider, features, healthyOnly } = request;
  const health = remembered(view);
  const asked = [...view.providers.values()].filter(
    ({ id }) => (provider === "" || id === provider) && mayUseProvider(caller, id),
  );
  await view.discovery.refresh(asked);
  const wanted = targetsOf(view).filter(
    (target) =>
      (provider === "" || target.provider.id === provider) &&
      (type === ModelType.UNSPECIFIED || typeOf(target) === type) &&
      features.every((feature) => target.facts.features.has(feature)) &&
      !(healthyOnly && isOut(health(target.provider.id), view.trouble(target))) &&
      sees(view.router, caller, target),
  );
  const scope = ["models", type, provider, [...features].sort(), healthyOnly];
  const { items, nextPageToken } = pageOf(wanted, ({ selector }) => selector, request, scope);
  return { models: items.map((target) => modelOf(view, caller, target, health)), nextPageToken };
}

/** One model by any of its names. Throws as a call of it would: MODEL_NOT_FOUND, PERMISSION_DENIED. */
export function getModel(view: ModelView, caller: Caller, name: string) {
  const found = view.router.find(name);
  const seen = found !== undefined && sees(view.router, caller, found.target);
  const route = seen ? found : resolveFor(view.router, caller, name);
  const [step] = route.steps;
  return {
    model: modelOf(view, caller, route.target, remembered(view)),
    targets: route.policy === "" ? [] : targetsOfRoute(route).map(({ selector }) => selector),
    strategy: strategyOf(step !== undefined && step.candidates.length > 1 ? step.strategy : undefined),
  };
}

/** The providers that a caller may use any model of, a page at a time. */
export function listProviders(view: ModelView, caller: Caller, request: ListProvidersRequest) {
  const wanted = [...view.providers.values()]
    .filter((provider) => seesProvider(view, caller, provider.id))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  const { items, nextPageToken } = pageOf(wanted, ({ id }) => id, request, ["providers"]);
  return { providers: items.map((provider) => providerOf(view, caller, provider)), nextPageToken };
}

function getProvider(view: ModelView, caller: Caller, name: string) {
  const id = name.slice("providers/".length);
  if (!seesProvider(view, caller, id)) throw permissionDenied(name, "llmhub.v1.Provider");
  const provider = name.startsWith("providers/") ? view.providers.get(id) : undefined;
  if (provider !== undefined) return { provider: providerOf(view, caller, provider) };
  throw new GatewayError("NOT_FOUND", `unknown provider ${name}. ListProviders lists those that are configured`, {
    metadata: { resource: name },
  }).detail(ResourceInfoSchema, {
    resourceType: "llmhub.v1.Provider",
    resourceName: name,
    description: "no provider of this name is configured",
  });
}

function modelOf(
  { router, trouble }: ModelView,
  caller: Caller,
  target: Target,
  health: Healths,
): MessageInitShape<typeof ModelSchema> {
  const aliases = usableAliases(router, caller, target);
  const byName = mayUse(caller, target.selector);
  const pricing = pricingOf(target.facts.priceList);
  const reading = health(target.provider.id);
  const { retireTimeMs } = target.facts;
  return {
    name: resourceNameOf(target),
    selector: byName ? target.selector : (aliases[0] ?? target.selector),
    displayName: target.model,
    type: typeOf(target),
    upstreamModel: target.model,
    aliases,
    capabilities: capabilitiesOf(target.facts),
    ...(pricing && { pricing }),
    ...(reading && { health: healthOf(reading, trouble(target)) }),
    region: target.region ?? "",
    tags: [...new Set([...(target.provider.tags ?? []), ...(target.facts.tags ?? [])])].sort(),
    ...(retireTimeMs > 0 && { retireTime: timestampFromMs(retireTimeMs) }),
  };
}

function providerOf(view: ModelView, caller: Caller, provider: Provider): MessageInitShape<typeof ProviderSchema> {
  const reading = view.health(provider.id);
  const models = [
    ...view.router.targets.filter((target) => target.provider.id === provider.id),
    ...discoveredOf(view, provider),
  ];
  return {
    name: `providers/${provider.id}`,
    providerId: provider.id,
    displayName: provider.displayName,
    ...(reading && { health: healthOf(reading, view.trouble({ provider })) }),
    modelCount: models.filter((target) => sees(view.router, caller, target)).length,
  };
}

/** Declared and discovered models, by selector in code unit order. */
function targetsOf(view: ModelView): readonly Target[] {
  const discovered = [...view.providers.values()].flatMap((provider) => discoveredOf(view, provider));
  return discovered.length === 0 ? view.router.targets : [...view.router.targets, ...discovered].sort(bySelector);
}

/** What a provider lists itself and the router does not name: neither a table nor an alias. */
function discoveredOf({ discovery, router }: ModelView, provider: Provider): readonly Target[] {
  return discovery.targetsOf(provider).filter(({ selector }) => router.aliasesOf(selector).length === 0);
}

function sees(router: Router, caller: Caller, target: Target): boolean {
  return mayUse(caller, target.selector) || usableAliases(router, caller, target).length > 0;
}

function seesProvider({ router }: ModelView, caller: Caller, id: string): boolean {
  return (
    mayUseProvider(caller, id) ||
    router.targets.some((target) => target.provider.id === id && sees(router, caller, target))
  );
}

function usableAliases(router: Router, caller: Caller, target: Target): string[] {
  return router.aliasesOf(target.selector).filter((alias) => allows(caller, alias, router.find(alias)));
}

/** What the model is made for, if that is known and its provider has it. */
function typeOf({ provider, facts }: Target): ModelType {
  if (facts.type === undefined) return ModelType.UNSPECIFIED;
  const [operation, type] = types[facts.type];
  return provider[operation] === undefined ? ModelType.UNSPECIFIED : type;
}

function isOut(reading: HealthReading | undefined, trouble: HealthState): boolean {
  return Math.max(reading?.state ?? HealthState.UNSPECIFIED, trouble) >= HealthState.UNAVAILABLE;
}

/** The view's health, read at most once per provider within one call. */
function remembered(view: ModelView): Healths {
  const readings = new Map<string, HealthReading | undefined>();
  return (providerId) => {
    if (!readings.has(providerId)) readings.set(providerId, view.health(providerId));
    return readings.get(providerId);
  };
}

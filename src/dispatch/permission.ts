import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Caller } from "../model/call.ts";
import { GatewayError } from "../model/error.ts";
import { type Route, targetsOf } from "./route.ts";
import { type Router, selectorOf } from "./router.ts";

/** Whether the caller's key may use an alias or a "provider/model" by that name. Case matters. */
export function mayUse(caller: Caller, selector: string): boolean {
  return caller.models?.some((pattern) => matches(pattern, selector)) ?? true;
}

/** Whether some model of the provider, known or not, may be used by its own name. */
export function mayUseProvider(caller: Caller, providerId: string): boolean {
  const prefix = `${providerId}/`;
  return (
    caller.models?.some(
      (pattern) => pattern.startsWith(prefix) || (pattern.endsWith("*") && prefix.startsWith(pattern.slice(0, -1))),
    ) ?? true
  );
}

/**
 * Whether the caller may call what was requested: the key must match the alias, policy or chain as it was requested, or
 * every target it leads to. Names passed on the way do not count. `route` is undefined for a name that leads nowhere.
 */
export function allows(caller: Caller, requested: string, route: Route | undefined): boolean {
  if (caller.models === undefined) return true;
  if (mayUse(caller, selectorOf(requested))) return true;
  return route !== undefined && targetsOf(route).every(({ selector }) => mayUse(caller, selector));
}

/**
 * The route of a selector for a caller: refuses before it tells whether the model exists, and suggests only names that
 * the key may use.
 */
export function resolveFor(router: Router, caller: Caller, selector: string): Route {
  const route = router.find(selector);
  const requested = selector === "" ? router.defaultModel : selector;
  if (requested !== undefined && !allows(caller, requested, route)) {
    throw permissionDenied(requested, "llmhub.v1.Model");
  }
  return route ?? router.resolve(selector, (name) => allows(caller, name, router.find(name)));
}

/** The refusal of a resource to a key. */
export function permissionDenied(resource: string, resourceType: string): GatewayError {
  const message = `this API key may not use ${resource}. Ask the operator to add it to the models of the key`;
  return new GatewayError("PERMISSION_DENIED", message, { metadata: { resource, scope: "models" } }).detail(
    ResourceInfoSchema,
    { resourceType, resourceName: resource, description: "not among the models of the key" },
  );
}

function matches(pattern: string, selector: string): boolean {
  return pattern.endsWith("*") ? selector.startsWith(pattern.slice(0, -1)) : selector === pattern;
}

import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  type Health,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../../gen/grpc/health/v1/health_pb.ts";
import { GatewayError } from "../model/error.ts";
import type { Readiness } from "./readiness.ts";

/** Services that are of no use while no provider can be reached. */
export interface Needy {
  readonly reach: Readiness;
  readonly services: readonly string[];
}

/**
 * grpc.health.v1 for "" (the gateway as a whole) and the services named. All follow one readiness, since the services of
 * one process stand and fall together; those that need providers follow their reach, too.
 */
export function healthService(
  readiness: Readiness,
  services: readonly string[],
  needy?: Needy,
): ServiceImpl<typeof Health> {
  const names = new Set(["", ...services]);
  const conditions = (service: string) =>
    needy?.services.includes(service) === true ? [readiness, needy.reach] : [readiness];
  const status = (service: string) => statusOf(allReady(conditions(service)));
  return {
    check: ({ service }) => {
      if (names.has(service)) return status(service);
      throw unknownService(service);
    },
    list: () => ({ statuses: Object.fromEntries([...names].map((name) => [name, status(name)])) }),
    watch: ({ service }, { signal }) =>
      names.has(service) ? watch(conditions(service), signal) : watchUnknown(signal),
  };
}

function allReady(conditions: readonly Readiness[]): boolean {
  return conditions.every(({ ready }) => ready);
}

/** The state now and each later one; a slow reader gets the newest only. Ends with the reason of the signal. */
async function* watch(conditions: readonly Readiness[], signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
  let change = Promise.withResolvers<void>();
  const unsubscribes: (() => void)[] = [];
  const unsubscribe = () => {
    for (const each of unsubscribes) each();
  };
  const leave = () => {
    unsubscribe();
    change.resolve();
  };
  let sent: boolean | undefined;
  try {
    for (const condition of conditions) unsubscribes.push(condition.subscribe(() => change.resolve()));
    signal.addEventListener("abort", leave, { once: true });
    while (!signal.aborted) {
      change = Promise.withResolvers<void>();
      const ready = allReady(conditions);
      if (sent !== ready) {
        sent = ready;
        yield statusOf(ready);
      } else {
        await change.promise;
      }
    }
    signal.throwIfAborted();
  } finally {
    unsubscribe();
    signal.removeEventListener("abort", leave);
  }
}

/** SERVICE_UNKNOWN, and then open until the caller leaves, as the health protocol asks. */
async function* watchUnknown(signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
  yield create(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN });
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (!signal.aborted) await promise;
  signal.throwIfAborted();
}

function statusOf(ready: boolean): HealthCheckResponse {
  const { SERVING, NOT_SERVING } = HealthCheckResponse_ServingStatus;
  return create(HealthCheckResponseSchema, { status: ready ? SERVING : NOT_SERVING });
}

function unknownService(service: string): GatewayError {
  const message = `unknown service ${service}. Ask for a full service name such as llmhub.v1.CompletionService`;
  return new GatewayError("NOT_FOUND", message, { metadata: { resource: service } }).detail(ResourceInfoSchema, {
    resourceType: "grpc.service",
    resourceName: service,
    description: "no such service is served",
  });
}

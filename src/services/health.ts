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

/**
 * grpc.health.v1 for "" (the gateway as a whole) and the services named. All follow one readiness: the services of one
 * process stand and fall together.
 */
export function healthService(readiness: Readiness, services: readonly string[]): ServiceImpl<typeof Health> {
  const names = new Set(["", ...services]);
  const status = () => statusOf(readiness.ready);
  return {
    check: ({ service }) => {
      if (names.has(service)) return status();
      throw unknownService(service);
    },
    list: () => ({ statuses: Object.fromEntries([...names].map((name) => [name, status()])) }),
    watch: ({ service }, { signal }) => (names.has(service) ? watch(readiness, signal) : watchUnknown(signal)),
  };
}

/** The state now and each later one; a slow reader gets the newest only. Ends with the reason of the signal. */
async function* watch(readiness: Readiness, signal: AbortSignal): AsyncGenerator<HealthCheckResponse> {
  let change = Promise.withResolvers<void>();
  const unsubscribe = readiness.subscribe(() => change.resolve());
  const leave = () => {
    unsubscribe();
    change.resolve();
  };
  signal.addEventListener("abort", leave, { once: true });
  let sent: boolean | undefined;
  try {
    while (!signal.aborted) {
      change = Promise.withResolvers<void>();
      if (sent !== readiness.ready) {
        sent = readiness.ready;
        yield statusOf(sent);
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

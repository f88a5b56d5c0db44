import { EventEmitter, once } from "node:events";
import type { ConnectRouter } from "@connectrpc/connect";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { ModelService } from "../../gen/llmhub/v1/model_service_pb.ts";
import { Admission, type AdmissionOptions } from "../../src/server/admission.ts";
import { type AccessLine, connectHandler } from "../../src/server/connect.ts";
import type { ListenerLimits } from "../../src/server/front.ts";
import { Listener, type ListenerOptions } from "../../src/server/listener.ts";
import { rpcKey } from "../../src/services/context.ts";
import { reflectionServices } from "../../src/services/reflection.ts";
import { memoryLogger } from "../support/memory-logger.ts";

const usualLimits: ListenerLimits = {
  connectionsMax: 100,
  connectionAgeMs: undefined,
  streamsPerConnectionMax: 100,
  headerTimeoutMs: 5000,
  bodyTimeoutMs: 10_000,
  writeStallMs: 60_000,
};

/** How a test's edge differs from the usual one. */
export interface EdgeOptions {
  readonly limits?: Partial<ListenerLimits>;
  readonly tls?: ListenerOptions["tls"];
  readonly admission?: Partial<AdmissionOptions>;
  readonly onStream?: ListenerOptions["onStream"];
}

/** A listening edge with two small services: Health behaves as the name of the asked service says. */
export class Edge {
  readonly admission: Admission;
  readonly listener: Listener;
  readonly lines: AccessLine[] = [];
  /** What was logged, one JSON line each. */
  readonly logged: string[] = [];
  /** "entered" when a handler runs, "line" with each access line, "release" ends handlers that wait for it. */
  readonly events = new EventEmitter<{ entered: [AbortSignal]; line: [AccessLine]; release: [] }>();
  port = 0;

  constructor(options: EdgeOptions) {
    const now = () => performance.now();
    const log = memoryLogger(this.logged);
    this.admission = new Admission({
      keys: () => undefined,
      adminWithoutKey: () => false,
      deadlineMaxMs: 600_000,
      draining: () => false,
      now,
      ...options.admission,
    });
    const onRequest = connectHandler({
      routes: (router) => this.#route(router),
      admission: this.admission,
      requestBytesMax: 64 * 1024,
      responseBytesMax: 1024 * 1024,
      bodyTimeoutMs: 10_000,
      log,
      accessLine: (line) => {
        this.lines.push(line);
        this.events.emit("line", line);
      },
      now,
    });
    this.listener = new Listener({
      host: "127.0.0.1",
      port: 0,
      onStream: options.onStream ?? (() => undefined),
      onRequest,
      limits: { ...usualLimits, ...options.limits },
      tls: options.tls,
      log,
      now,
    });
  }

  static async start(options: EdgeOptions = {}): Promise<Edge> {
    const edge = new Edge(options);
    edge.port = await edge.listener.listen();
    return edge;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.closeNow();
  }

  #route(router: ConnectRouter): void {
    router.service(Health, {
      check: ({ service }, context) => this.#check(service, context.signal),
      watch: ({ service }, context) => this.#watch(service, context.signal),
    });
    router.service(ServerReflection, reflectionServices([Health]).v1);
    router.service(ModelService, {
      listModels: (_, { values }) => ({ nextPageToken: values.get(rpcKey)?.caller.keyId ?? "nobody" }),
    });
  }

  async #check(service: string, signal: AbortSignal) {
    this.events.emit("entered", signal);
    if (service === "bug") throw new TypeError("canary");
    if (service === "deaf") await once(this.events, "release");
    return { status: Status.SERVING };
  }

  async *#watch(service: string, signal: AbortSignal) {
    this.events.emit("entered", signal);
    yield { status: Status.SERVING };
    if (service === "bug") throw new TypeError("canary");
    if (service === "held") await once(this.events, "release");
    yield { status: Status.NOT_SERVING };
  }
}

/** A clear-text listener with a handler of the test's own for requests. */
export async function startListener(
  limits: Partial<ListenerLimits>,
  onRequest: ListenerOptions["onRequest"],
): Promise<{ listener: Listener; port: number }> {
  const listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    onStream: () => undefined,
    onRequest,
    limits: { ...usualLimits, ...limits },
    tls: undefined,
    log: memoryLogger(),
    now: () => performance.now(),
  });
  return { listener, port: await listener.listen() };
}

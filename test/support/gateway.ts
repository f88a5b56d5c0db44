import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type CallOptions, type Client, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import {
  CompleteRequestSchema,
  type CompleteResponse,
  type StreamCompleteRequestSchema,
  type StreamCompleteResponse,
} from "../../gen/llmhub/v1/completion_pb.ts";
import { CompletionService } from "../../gen/llmhub/v1/completion_service_pb.ts";
import { startGateway } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { extensionFacts } from "../../src/extensions/module.ts";
import type { Gateway } from "../../src/gateway.ts";
import type { MemoryReading } from "../../src/overload/memory-guard.ts";
import { providerKinds } from "../../src/providers/index.ts";
import type { ProviderFacts } from "../../src/providers/provider.ts";
import { metricIn } from "./exposition.ts";

/** An entry of the section "providers" of a configuration file. */
export interface ProviderSection {
  readonly kind?: string;
  readonly baseUrl?: string;
  readonly apiKey?: string;
  readonly credentials?: readonly object[];
  readonly region?: string;
  readonly tags?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
  readonly connectionsMax?: number;
  /** Such as { idle: "50ms" }. */
  readonly timeouts?: Readonly<Record<string, string>>;
  readonly discover?: boolean;
  readonly traceContext?: boolean;
  readonly models?: Readonly<Record<string, object>>;
}

/** Sections of a configuration file. Ports are 0, authentication is off, and nothing is logged unless they say so. */
export interface TestConfig {
  readonly providers: Readonly<Record<string, ProviderSection>>;
  /** A call is not repeated unless its retry says so, so that each failure of an attempt is seen. */
  readonly models?: {
    readonly default?: string;
    readonly aliases?: Readonly<Record<string, string>>;
    readonly policies?: Readonly<Record<string, object>>;
    readonly chains?: Readonly<Record<string, object>>;
    readonly retry?: object;
  };
  readonly timeouts?: Readonly<Record<string, string>>;
  readonly server?: Readonly<Record<string, unknown>>;
  readonly health?: object;
  readonly auth?: object;
  readonly streams?: Readonly<Record<string, unknown>>;
  readonly limits?: readonly object[];
  readonly redis?: Readonly<Record<string, unknown>>;
  readonly cache?: Readonly<Record<string, unknown>>;
  readonly idempotency?: Readonly<Record<string, unknown>>;
  readonly extensions?: readonly object[];
  readonly log?: object;
  readonly overload?: object;
  readonly tracing?: object;
  /** What memory is used, instead of what the process has. */
  readonly readMemory?: () => MemoryReading;
  /** Environment that the file is read with. */
  readonly env?: Readonly<Record<string, string>>;
  /** Kinds of providers instead of those that are shipped. */
  readonly kinds?: ReadonlyMap<string, ProviderFacts>;
}

/** What a stream brought, and how it ended. */
export interface Streamed {
  readonly events: StreamCompleteResponse[];
  /** Absent: the status was OK. */
  readonly error?: ConnectError;
}

/** Called with each event as it arrives. */
export type OnEvent = (event: StreamCompleteResponse) => void;

/** A gateway in this process, started from a real configuration file, and a gRPC client for it. */
export class TestGateway implements AsyncDisposable {
  /** "127.0.0.1:50051". */
  readonly address: string;
  readonly url: string;
  readonly opsUrl: string;
  readonly gateway: Gateway;
  /** For clients of other services; closed with the gateway. */
  readonly transport: Transport;
  readonly client: Client<typeof CompletionService>;
  readonly #sessions: Http2SessionManager;
  #drained: Promise<void> | undefined;

  private constructor(gateway: Gateway) {
    this.gateway = gateway;
    this.address = gateway.address;
    this.url = `http://${gateway.address}`;
    this.opsUrl = `http://${gateway.opsAddress}`;
    this.#sessions = new Http2SessionManager(this.url);
    this.transport = createGrpcTransport({ baseUrl: this.url, sessionManager: this.#sessions });
    this.client = createClient(CompletionService, this.transport);
  }

  /** Rejects with the ConfigError of an invalid configuration. */
  static async start(config: TestConfig): Promise<TestGateway> {
    const { kinds = providerKinds, readMemory } = config;
    return new TestGateway(
      await startGateway({ config: await configOf(config), kinds, ...(readMemory && { readMemory }) }),
    );
  }

  /** Answers in one message; rejects with the ConnectError of a failure. */
  complete(request: MessageInitShape<typeof CompleteRequestSchema>, options?: CallOptions): Promise<CompleteResponse> {
    return this.client.complete(create(CompleteRequestSchema, request), options);
  }

  /** The ConnectError that a unary call ends with. Rejects if there is none. */
  async failure(request: MessageInitShape<typeof CompleteRequestSchema>, options?: CallOptions): Promise<ConnectError> {
    const answer = await this.complete(request, options).catch((error) => ConnectError.from(error));
    if (answer instanceof ConnectError) return answer;
    throw new Error(`the call was answered: ${JSON.stringify(answer.message?.content)}`);
  }

  /** Reads a stream to its end. Never rejects: the failure is part of what it brought. */
  async stream(
    request: MessageInitShape<typeof CompleteRequestSchema>,
    options: CallOptions & {
      readonly stream?: MessageInitShape<typeof StreamCompleteRequestSchema>["options"];
      readonly onEvent?: OnEvent;
    } = {},
  ): Promise<Streamed> {
    const { stream, onEvent, ...rest } = options;
    const events: StreamCompleteResponse[] = [];
    const message: MessageInitShape<typeof StreamCompleteRequestSchema> = {
      start: { case: "request", value: create(CompleteRequestSchema, request) },
      ...(stream === undefined ? {} : { options: stream }),
    };
    try {
      for await (const event of this.client.streamComplete(message, rest)) {
        events.push(event);
        onEvent?.(event);
      }
      return { events };
    } catch (error) {
      return { events, error: ConnectError.from(error) };
    }
  }

  /** Takes another configuration into use; rejects if it is refused. */
  async reload(config: TestConfig): Promise<void> {
    await this.gateway.reload(await configOf(config));
  }

  /** What Prometheus would get. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.opsUrl}/metrics`)).text();
  }

  /**
   * The value of a metric, summed over all series that have these labels; 0 if there is none.
   * @param name without the prefix "llmhub_".
   */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    return metricIn(await this.metrics(), name, labels);
  }

  /** Stops the gateway as a signal would. */
  drain(): Promise<void> {
    this.#drained ??= this.gateway.drain();
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sessions.abort();
    await this.drain();
  }
}

/** The configuration that a file with these sections gives. */
export async function configOf({
  env = {},
  kinds = providerKinds,
  server,
  models,
  overload,
  readMemory: _,
  ...sections
}: TestConfig): Promise<Config> {
  const directory = await mkdtemp(join(tmpdir(), "llmhub-gateway-"));
  try {
    const path = join(directory, "llmhub.yaml");
    const file = {
      auth: { mode: "off" },
      log: { level: "silent" },
      server: {
        listen: "127.0.0.1:0",
        opsListen: "127.0.0.1:0",
        drain: { timeout: "50ms" },
        ...server,
      },
      models: { retry: { maxAttempts: 1 }, ...models },
      // The event loop is that of the callers and the upstreams, too: that it is late says nothing about the gateway.
      overload: { lateness: "1h", ...overload },
      ...sections,
    };
    // JSON is YAML.
    await writeFile(path, JSON.stringify(file));
    return await loadConfig({ path, env, kinds, extensions: extensionFacts });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Joined text of the text parts of a stream. */
export function textOf({ events }: Pick<Streamed, "events">): string {
  return events
    .map(({ event }) => {
      if (event.case === "partDelta" && event.value.delta.case === "text") return event.value.delta.value;
      const part = event.case === "partStarted" ? event.value.part?.part : undefined;
      return part?.case === "text" ? part.value : "";
    })
    .join("");
}

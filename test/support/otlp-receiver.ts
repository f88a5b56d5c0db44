import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** A value of an attribute, as a plain one. */
type Plain = string | number | boolean | Plain[];

interface OtlpValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values: readonly OtlpValue[] };
}

interface OtlpAttribute {
  readonly key: string;
  readonly value: OtlpValue;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly events: readonly { readonly name: string; readonly attributes: readonly OtlpAttribute[] }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly OtlpAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** A span as a backend would keep it. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "other";
  readonly tookNanos: bigint;
  readonly attributes: Readonly<Record<string, Plain>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, Plain>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  readonly resource: Readonly<Record<string, Plain>>;
}

const kinds = ["other", "internal", "server", "client"] as const;

/** Takes spans as OpenTelemetry's collector does: OTLP over HTTP, as JSON. */
export class OtlpReceiver implements AsyncDisposable {
  readonly spans: ReceivedSpan[] = [];
  /** Headers of each request. */
  readonly requests: IncomingMessage["headers"][] = [];
  readonly #server: Server;
  readonly #arrived = new Set<() => void>();

  private constructor(status: number) {
    this.#server = createServer((request, response) => void this.#take(request, response, status));
  }

  /** @param status of every answer. */
  static async start(status = 200): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver(status);
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  /** Without a path. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when that many spans, or requests, have come. */
  async until(has: (receiver: this) => boolean): Promise<void> {
    while (!has(this)) await new Promise<void>((resolve) => this.#arrived.add(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse, status: number): Promise<void> {
    const { resourceSpans } = (await json(request)) as OtlpRequest;
    this.requests.push(request.headers);
    const isRight = request.url === "/v1/traces" && request.headers["content-type"] === "application/json";
    if (status === 200 && isRight) this.spans.push(...resourceSpans.flatMap(spansOf));
    response.writeHead(isRight ? status : 404, { "content-type": "application/json" });
    response.end("{}");
    for (const wake of this.#arrived) wake();
    this.#arrived.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function spansOf({ resource, scopeSpans }: OtlpRequest["resourceSpans"][number]): ReceivedSpan[] {
  return scopeSpans.flatMap(({ spans }) =>
    spans.map((span) => ({
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? "",
      traceState: span.traceState ?? "",
      name: span.name,
      kind: kinds[span.kind] ?? "other",
      tookNanos: BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano),
      attributes: plainOf(span.attributes),
      events: span.events.map(({ name, attributes }) => ({ name, attributes: plainOf(attributes) })),
      links: span.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
      isError: span.status.code === 2,
      resource: plainOf(resource.attributes),
    })),
  );
}

function plainOf(attributes: readonly OtlpAttribute[]): Record<string, Plain> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain({ stringValue, intValue, doubleValue, boolValue, arrayValue }: OtlpValue): Plain {
  if (arrayValue !== undefined) return arrayValue.values.map(plain);
  return stringValue ?? doubleValue ?? boolValue ?? Number(intValue);
}

import { type ProviderSection, type TestConfig, TestGateway } from "../support/gateway.ts";
import { OtlpReceiver, type ReceivedSpan } from "../support/otlp-receiver.ts";
import type { ScriptedUpstream } from "../support/scripted-upstream.ts";
import { type Answer, scriptedProviders } from "./scripted-providers.ts";

/** The trace of a caller. */
export const caller = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  spanId: "00f067aa0ba902b7",
  /** @param flags "01": the caller records it. */
  headers: (flags = "01") => ({ traceparent: `00-${caller.traceId}-${caller.spanId}-${flags}` }),
};

/** What the stage may be set up with beside what every gateway may. */
interface StageConfig extends Omit<TestConfig, "providers"> {
  /** Of every provider. */
  readonly provider?: Partial<ProviderSection>;
  readonly tracing?: object;
  /** What the receiver answers. */
  readonly status?: number;
}

/** A gateway that records its calls, providers that answer so, and whoever receives the spans. */
export class TracingStage implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly receiver: OtlpReceiver;
  readonly #upstreams: ReadonlyMap<string, ScriptedUpstream>;

  private constructor(gateway: TestGateway, receiver: OtlpReceiver, upstreams: ReadonlyMap<string, ScriptedUpstream>) {
    this.gateway = gateway;
    this.receiver = receiver;
    this.#upstreams = upstreams;
  }

  static async start(answers: Readonly<Record<string, Answer>>, config: StageConfig = {}): Promise<TracingStage> {
    const { provider, tracing, status, ...rest } = config;
    const receiver = await OtlpReceiver.start(status);
    const { upstreams, providers } = await scriptedProviders(answers, () => provider);
    const gateway = await TestGateway.start({
      providers,
      tracing: { endpoint: receiver.url, ...tracing },
      ...rest,
    });
    return new TracingStage(gateway, receiver, upstreams);
  }

  /** Headers of the requests that a provider got. */
  headersAt(id: string): readonly Readonly<Record<string, string>>[] {
    return this.#upstreams.get(id)?.requests.map(({ headers }) => headers) ?? [];
  }

  /** Where a provider listens. */
  portOf(id: string): number | undefined {
    return this.#upstreams.get(id)?.port;
  }

  /** All spans, once the gateway has stopped. */
  async spans(): Promise<readonly ReceivedSpan[]> {
    await this.gateway.drain();
    return this.receiver.spans;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
    for (const upstream of this.#upstreams.values()) await upstream[Symbol.asyncDispose]();
    await this.receiver[Symbol.asyncDispose]();
  }
}

/** The spans of one kind; of several, which are in no order, by name. */
export function ofKind(spans: readonly ReceivedSpan[], kind: ReceivedSpan["kind"]): ReceivedSpan[] {
  return spans.filter((span) => span.kind === kind).sort((a, b) => a.name.localeCompare(b.name));
}

/** The only span of a kind. */
export function theOne(spans: readonly ReceivedSpan[], kind: ReceivedSpan["kind"]): ReceivedSpan {
  const [span, ...others] = ofKind(spans, kind);
  if (span === undefined || others.length > 0) throw new Error(`${others.length + 1} or no spans of kind ${kind}`);
  return span;
}

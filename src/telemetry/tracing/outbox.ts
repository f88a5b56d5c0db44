import type { ReadableSpan, SpanExporter, SpanProcessor } from "@opentelemetry/sdk-trace";

/** What spans wait for, and how long. */
export interface OutboxOptions {
  readonly exporter: Pick<SpanExporter, "export" | "shutdown">;
  /** Spans that wait at most; later ones are dropped. */
  readonly queueMax: number;
  /** Spans that are sent together. */
  readonly batchMax: number;
  /** Longest wait of a span for others. */
  readonly intervalMs: number;
  /** For what is left at the end. */
  readonly closeMs: number;
  readonly counts: SpanCounts;
}

/** Told what became of spans. */
export interface SpanCounts {
  sent(spans: number): void;
  /** There was no room. */
  dropped(): void;
  /** The receiver did not take them. */
  failed(spans: number, error: unknown): void;
}

/** Spans on their way out: a bounded number of them, one request at a time. What it does touches no call. */
export class Outbox implements SpanProcessor {
  readonly #options: OutboxOptions;
  #waiting: ReadableSpan[] = [];
  #sending: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { queueMax, batchMax, intervalMs, counts } = this.#options;
    if (this.#closed || this.#waiting.length >= queueMax) {
      counts.dropped();
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= batchMax) void this.#send(batchMax);
    else this.#timer ??= setTimeout(() => void this.#send(1), intervalMs).unref();
  }

  async forceFlush(): Promise<void> {
    await this.#sending;
    await this.#send(1);
  }

  /** What cannot be sent in time is dropped. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    let late: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      late = setTimeout(resolve, this.#options.closeMs);
    });
    await Promise.race([patience, this.forceFlush()]);
    clearTimeout(late);
    for (const _ of this.#waiting.splice(0)) this.#options.counts.dropped();
    void this.#options.exporter.shutdown().catch(() => undefined);
  }

  /** Sends as long as so many wait. */
  #send(spansMin: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll(spansMin).finally(() => {
      this.#sending = undefined;
      const { intervalMs } = this.#options;
      if (this.#waiting.length > 0 && !this.#closed) {
        this.#timer ??= setTimeout(() => void this.#send(1), intervalMs).unref();
      }
    });
    return this.#sending;
  }

  async #sendAll(spansMin: number): Promise<void> {
    while (this.#waiting.length >= spansMin) await this.#sendBatch();
  }

  #sendBatch(): Promise<void> {
    const { exporter, batchMax, counts } = this.#options;
    const batch = this.#waiting.splice(0, batchMax);
    return new Promise((resolve) => {
      try {
        exporter.export(batch, ({ code, error }) => {
          if (code === sentCode) counts.sent(batch.length);
          else counts.failed(batch.length, error);
          resolve();
        });
      } catch (error) {
        counts.failed(batch.length, error);
        resolve();
      }
    });
  }
}

/** ExportResultCode.SUCCESS. */
const sentCode = 0;

import { GatewayError } from "../model/error.ts";
import type { Provider } from "../model/target.ts";

/** How providers are checked. */
export interface CheckSettings {
  readonly enabled: boolean;
  /** From one check of a provider to the next; chance moves it by up to a tenth. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** What checks work with. */
export interface ChecksParts {
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Told how each check went. */
  readonly checked: (provider: Provider, error: GatewayError | undefined) => void;
}

/** The first checks come soon after the start, and not all at once. */
const firstMsMax = 1000;

/**
 * Asks each provider that has a cheap request for it again and again whether it answers, one question at a time. Its
 * timers keep no process alive.
 */
export class HealthChecks {
  readonly #parts: ChecksParts;
  readonly #running = new Map<Provider, AbortController>();
  #settings: CheckSettings = { enabled: false, intervalMs: 0, timeoutMs: 0 };

  constructor(parts: ChecksParts) {
    this.#parts = parts;
  }

  /** Checks these providers from now on; new settings hold from the next check of each. */
  configure(providers: Iterable<Provider>, settings: CheckSettings): void {
    this.#settings = settings;
    const wanted = new Set(settings.enabled ? providers : []);
    for (const [provider, stop] of this.#running) {
      if (wanted.has(provider)) continue;
      stop.abort();
      this.#running.delete(provider);
    }
    for (const provider of wanted) {
      if (provider.check === undefined || this.#running.has(provider)) continue;
      const stop = new AbortController();
      this.#running.set(provider, stop);
      this.#next(provider, stop.signal, this.#parts.random() * Math.min(firstMsMax, settings.intervalMs));
    }
  }

  /** Gives up the checks under way, and makes no more. */
  close(): void {
    this.configure([], { ...this.#settings, enabled: false });
  }

  #next(provider: Provider, stopped: AbortSignal, afterMs: number): void {
    const cancel = () => clearTimeout(timer);
    const timer = setTimeout(() => {
      stopped.removeEventListener("abort", cancel);
      void this.#check(provider, stopped);
    }, afterMs);
    timer.unref();
    stopped.addEventListener("abort", cancel, { once: true });
  }

  async #check(provider: Provider, stopped: AbortSignal): Promise<void> {
    const { timeoutMs } = this.#settings;
    const round = new AbortController();
    const end = () => round.abort();
    const timer = setTimeout(end, timeoutMs);
    stopped.addEventListener("abort", end, { once: true });
    let error: GatewayError | undefined;
    try {
      await provider.check?.(round.signal);
    } catch (thrown) {
      error = round.signal.aborted ? tooSlow(provider, timeoutMs) : GatewayError.of(thrown);
    } finally {
      clearTimeout(timer);
      stopped.removeEventListener("abort", end);
    }
    if (stopped.aborted) return;
    this.#parts.checked(provider, error);
    this.#next(provider, stopped, this.#settings.intervalMs * (0.9 + 0.2 * this.#parts.random()));
  }
}

function tooSlow({ id }: Provider, timeoutMs: number): GatewayError {
  return new GatewayError("PROVIDER_TIMEOUT", `provider ${id} did not answer a health check within ${timeoutMs} ms`, {
    metadata: { provider: id, cause: "check", timeoutMs: String(timeoutMs) },
  });
}

import { isDeepStrictEqual } from "node:util";
import type { ExtensionConfig } from "../config/schema.ts";
import { GatewayError } from "../model/error.ts";
import type { Extension, ExtensionContext, OpenExtension } from "./contract.ts";
import { openFlawOf } from "./shape.ts";

const initMs = 10_000;
const closeMs = 5000;

/** What every extension of the gateway gets, its name and settings left out. */
export type SharedContext = Pick<ExtensionContext<unknown>, "logger" | "metrics" | "clock">;

/** An extension that is open, and the calls that are in it. */
export class Instance {
  readonly config: ExtensionConfig;
  readonly open: OpenExtension;
  readonly #abort: AbortController;
  #calls = 0;
  #closed: Promise<void> | undefined;
  #idle: (() => void) | undefined;

  private constructor(config: ExtensionConfig, open: OpenExtension, abort: AbortController) {
    this.config = config;
    this.open = open;
    this.#abort = abort;
  }

  /** Rejects with what `init` throws, with a GatewayError that says why what it gives cannot be used, or that it took too long. */
  static async open(
    config: ExtensionConfig,
    { init }: Pick<Extension, "init">,
    settings: unknown,
    shared: SharedContext,
  ): Promise<Instance> {
    const abort = new AbortController();
    if (init === undefined) return new Instance(config, {}, abort);
    const opening = Promise.resolve({ ...shared, name: config.name, settings, signal: abort.signal }).then(init);
    const open: unknown = await within(opening, "init", initMs, (error) => {
      abort.abort(error);
      // Should it come to an end after all, it is not wanted any more.
      void opening.then(({ close }) => close?.()).catch(() => undefined);
    });
    const flaw = openFlawOf(open);
    if (flaw !== undefined) throw new GatewayError("INVALID_REQUEST", flaw);
    return new Instance(config, open as OpenExtension, abort);
  }

  /** Whether it is what a configuration wants. */
  matches(config: ExtensionConfig): boolean {
    const { settings, at: _at, path: _path, ...own } = this.config;
    const { settings: others, at: _otherAt, path: _otherPath, ...other } = config;
    return settings.reveal() === others.reveal() && isDeepStrictEqual(own, other);
  }

  entered(): void {
    this.#calls += 1;
  }

  left(): void {
    this.#calls -= 1;
    if (this.#calls === 0) this.#idle?.();
  }

  /** Resolves when no call is in it. To be asked once, when no more calls come. */
  async idle(): Promise<void> {
    if (this.#calls === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Closes it, whoever is in it, once. Rejects with what its own `close` throws, and when that takes too long. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#abort.abort(new GatewayError("GATEWAY_DRAINING", "the extension is closed"));
    const { close } = this.open;
    if (close !== undefined) await within(Promise.resolve().then(close), "close", closeMs);
  }
}

async function within<T>(
  work: Promise<T>,
  name: string,
  ms: number,
  gaveUp: (error: GatewayError) => void = () => undefined,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new GatewayError("DEADLINE_EXCEEDED", `${name} took longer than ${ms / 1000} s`);
      gaveUp(error);
      reject(error);
    }, ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

import { GatewayError } from "../model/error.ts";
import type { Target } from "../model/target.ts";

/** Why a call is shed: no room to wait, waited too long, memory is short, ended because memory is, a slow target. */
export type ShedCause = "queue_full" | "queue_wait" | "memory" | "memory_reset" | "target";

/** Delays of one cause that differ: callers who are refused together should not come back together. */
const delays = 16;
/** Shortest and longest advice, in milliseconds. */
const retryMsMin = 500;
const retryMsMax = 2000;

const messages: Readonly<Record<Exclude<ShedCause, "target">, string>> = {
  queue_full: "the gateway has more calls than it can carry out, and no more can wait - repeat the call later",
  queue_wait: "the gateway has more calls than it can carry out, and this one has waited long enough - repeat it later",
  memory: "the gateway is short of memory - repeat the call later",
  memory_reset: "the gateway is short of memory, and this call held much of it - repeat it later",
};

/** Errors for many calls: to make one costs more than all else about a refusal. */
export class Refusals {
  readonly #random: () => number;
  readonly #made = new Map<ShedCause, GatewayError[]>();

  /** @param random from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Shared: nothing may be added to it. */
  of(cause: Exclude<ShedCause, "target">): GatewayError {
    let errors = this.#made.get(cause);
    if (errors === undefined) {
      errors = Array.from({ length: delays }, (_, index) => {
        const retryMs = retryMsMin + ((retryMsMax - retryMsMin) * index) / (delays - 1);
        return new GatewayError("GATEWAY_OVERLOADED", messages[cause], { metadata: { cause }, retryMs, shared: true });
      });
      this.#made.set(cause, errors);
    }
    return errors[Math.floor(this.#random() * delays)] ?? GatewayError.of(undefined);
  }

  /** Of an attempt, which may go to another target. */
  ofTarget({ provider, model, selector }: Target): GatewayError {
    const message = `${selector} answers too slowly for more calls at once - repeat the call later`;
    const retryMs = retryMsMin + (retryMsMax - retryMsMin) * this.#random();
    const metadata = { cause: "target", provider: provider.id, model };
    return new GatewayError("GATEWAY_OVERLOADED", message, { metadata, retryMs });
  }
}

import { GatewayError } from "../model/error.ts";

/** Waits at least that long, or rejects with the signal's reason as soon as it aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(GatewayError.of(signal.reason));
      return;
    }
    const left = () => {
      clearTimeout(timer);
      reject(GatewayError.of(signal.reason));
    };
    // Timers may fire up to 1 ms early.
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", left);
      resolve();
    }, ms + 1);
    signal.addEventListener("abort", left, { once: true });
  });
}

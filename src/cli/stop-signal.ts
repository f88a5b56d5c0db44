import type { Shell } from "./command.ts";

/** Settles at the first SIGINT or SIGTERM; later ones act as if nobody listened. */
export function stopSignal(signals: Shell["signals"]): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      signals.off("SIGINT", stop);
      signals.off("SIGTERM", stop);
      resolve();
    };
    signals.on("SIGINT", stop);
    signals.on("SIGTERM", stop);
  });
}

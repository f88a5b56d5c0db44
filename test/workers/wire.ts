import type { Wire } from "../../src/workers/line.ts";

/** Carries messages to the end of another line, as between processes: copied, and a turn of the loop later. */
export function wireTo(other: () => { received(messages: unknown): void }): Wire {
  return {
    send: (messages, sent) => {
      setImmediate(() => {
        other().received(structuredClone(messages));
        sent();
      });
    },
  };
}

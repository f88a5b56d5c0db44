import type { StreamStarted } from "../../gen/llmhub/v1/completion_pb.ts";
import { CacheStatus } from "../../gen/llmhub/v1/routing_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { toldFacts } from "./told-facts.ts";

/** Makes text of events out of batches of chunks. */
export interface EventWriter {
  /** What the first event said of the answer; undefined until then. */
  readonly begun: StreamStarted | undefined;
  /** The events of a batch; empty if it says nothing that the API has words for. */
  write(batch: readonly Chunk[]): string;
}

/** The events of one call. */
export async function* writtenEvents(
  source: AsyncIterableIterator<readonly Chunk[]>,
  writer: EventWriter,
): AsyncGenerator<string> {
  try {
    for await (const batch of source) {
      const text = writer.write(batch);
      if (text !== "") yield text;
    }
  } finally {
    // Also after a failure, of which a loop does not tell its source.
    await source.return?.();
  }
}

/** What is known of an answer when its stream begins: neither tokens nor cost, and after a silence not who answers. */
export function begunFacts(begun: StreamStarted | undefined): Record<string, string> {
  if (begun === undefined) return {};
  const { id, routing, warnings } = begun;
  const isServed = (routing?.attemptCount ?? 0) > 0 || routing?.cacheStatus === CacheStatus.HIT;
  return toldFacts({ id, routing: isServed ? routing : undefined, warnings });
}

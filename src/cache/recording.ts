import { toBinary } from "@bufbuild/protobuf";
import { type CompleteResponse, PartDeltaSchema, PartStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { Fold } from "../model/fold.ts";
import { BatchQueue } from "../stream/batch-queue.ts";

type Chunks = AsyncIterableIterator<readonly Chunk[]>;

/** Chunks that may wait for a slow reader before its pace is that of the provider again: longer than most answers. */
const aheadMax = 16_384;

/** How a recording ends: with the whole answer, too large to go on, or with a stream that has no end. */
export type Recorded = CompleteResponse | "large" | "cut";

/**
 * Writes an answer down while it passes, at the pace of its provider: others may wait for it, and a slow reader must not
 * hold them up.
 * @param bytesMax of the answer; a larger one passes all the same.
 * @param ended called once, before the reader gets the last chunk. The answer is nobody else's.
 */
export function recorded(source: Chunks, bytesMax: number, ended: (recorded: Recorded) => void): Chunks {
  const recording = new Recording(source, bytesMax, ended);
  void recording.run();
  return recording.chunks;
}

class Recording {
  readonly chunks: BatchQueue<Chunk>;
  readonly #source: Chunks;
  readonly #ended: (recorded: Recorded) => void;
  /** Undefined: the recording has ended. */
  #fold: Fold | undefined = new Fold();
  #bytesLeft: number;
  #goOn: (() => void) | undefined;

  constructor(source: Chunks, bytesMax: number, ended: (recorded: Recorded) => void) {
    this.#source = source;
    this.#bytesLeft = bytesMax;
    this.#ended = ended;
    this.chunks = new BatchQueue<Chunk>(
      () => this.#goOn?.(),
      () => this.#leave(),
    );
  }

  async run(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#source.next();
        if (done === true) break;
        for (const chunk of value) {
          this.#add(chunk);
          this.chunks.items.push(chunk);
        }
        this.chunks.wake();
        if (this.chunks.items.length > aheadMax) await new Promise<void>((resolve) => (this.#goOn = resolve));
      }
      this.#end("cut");
      this.chunks.end();
    } catch (error) {
      this.#end("cut");
      this.chunks.fail(error);
    }
  }

  #add(chunk: Chunk): void {
    if (this.#fold === undefined) return;
    this.#bytesLeft -= sizeOf(chunk);
    if (this.#bytesLeft < 0) {
      this.#end("large");
      return;
    }
    this.#fold.add(chunk);
    if (chunk.case === "finished") this.#end(this.#fold.response());
  }

  #end(recorded: Recorded): void {
    if (this.#fold === undefined) return;
    this.#fold = undefined;
    this.#ended(recorded);
  }

  #leave(): void {
    void this.#source.return?.();
    this.#goOn?.();
  }
}

/** Bytes that a chunk adds to an answer, or characters, of which each is a byte at least. */
function sizeOf(chunk: Chunk): number {
  if (chunk.case === "partStarted") return toBinary(PartStartedSchema, chunk.value).length;
  if (chunk.case !== "partDelta") return 0;
  const { delta, logprobs } = chunk.value;
  if (typeof delta.value === "string" && logprobs.length === 0) return delta.value.length;
  return toBinary(PartDeltaSchema, chunk.value).length;
}

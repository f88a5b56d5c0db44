import { toBinary } from "@bufbuild/protobuf";
import { type CompleteResponse, PartDeltaSchema, PartStartedSchema } from "../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../model/chunk.ts";
import { Fold } from "../model/fold.ts";
import { BatchQueue } from "../stream/batch-queue.ts";
import type { Recorded } from "./answer.ts";

type Chunks = AsyncIterableIterator<readonly Chunk[]>;

/** Chunks that may wait for a slow reader before its pace is that of the provider again: longer than most answers. */
const aheadMax = 16_384;

/** What is told of a recording. */
export interface RecordingOptions {
  /** Of the answer; a larger one passes all the same. */
  readonly bytesMax: number;
  /** The provider has nothing more to say: from here on nothing is gained by waiting for the reader. */
  readonly settled: Promise<unknown>;
  /** Called once, before the reader gets the last chunk, and also if nobody reads. The answer is nobody else's. */
  readonly ended: (recorded: Recorded<CompleteResponse>) => void;
}

/**
 * Writes an answer down while it passes, at the pace of its provider: others may wait for it, and a slow reader must not
 * hold them up.
 */
export function recorded(source: Chunks, options: RecordingOptions): Chunks {
  const recording = new Recording(source, options);
  void recording.run();
  return recording.chunks;
}

class Recording {
  readonly chunks: BatchQueue<Chunk>;
  readonly #source: Chunks;
  readonly #ended: (recorded: Recorded<CompleteResponse>) => void;
  /** Undefined: the recording has ended. */
  #fold: Fold | undefined = new Fold();
  #bytesLeft: number;
  #isSettled = false;
  #isUnfit = false;
  #goOn: (() => void) | undefined;

  constructor(source: Chunks, { bytesMax, settled, ended }: RecordingOptions) {
    this.#source = source;
    this.#bytesLeft = bytesMax;
    this.#ended = ended;
    this.chunks = new BatchQueue<Chunk>(
      () => this.#goOn?.(),
      () => this.#leave(),
    );
    void settled.then(() => {
      this.#isSettled = true;
      this.#goOn?.();
    });
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
        if (this.#isAhead() && !this.#isSettled) await new Promise<void>((resolve) => (this.#goOn = resolve));
      }
      this.#end("cut");
      this.chunks.end();
    } catch (error) {
      this.#end("cut");
      this.chunks.fail(error);
    }
  }

  /** For an answer that nobody else gets, the pace is that of its reader: nothing is left to bound what would wait. */
  #isAhead(): boolean {
    return this.chunks.items.length > (this.#isUnfit ? 0 : aheadMax);
  }

  #add(chunk: Chunk): void {
    if (this.#fold === undefined) return;
    try {
      this.#bytesLeft -= sizeOf(chunk);
      if (this.#bytesLeft < 0) throw new RangeError("the answer is too large to be kept");
      this.#fold.add(chunk);
    } catch {
      // It is for the reader to find fault with it.
      this.#isUnfit = true;
      this.#end("unfit");
      return;
    }
    if (chunk.case === "finished") this.#end(this.#fold.response());
  }

  #end(recorded: Recorded<CompleteResponse>): void {
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

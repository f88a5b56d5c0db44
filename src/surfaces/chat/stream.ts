import type { CompleteRequest, StreamStarted } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { type EventWriter, WrittenEvents } from "../written-events.ts";
import { createdOf, usageOf } from "./answer.ts";
import { ChoicePieces, type Frame } from "./pieces.ts";

/** The events of one choice, as the handlers give them. */
type Source = AsyncIterableIterator<readonly Chunk[]>;

/** What a source brought, and which it was. */
interface Arrival {
  readonly index: number;
  readonly result: IteratorResult<readonly Chunk[]>;
}

/**
 * Writes the events of a stream of chat completions: the pieces of every choice as they come, the usage if it is wanted, and
 * the marker of the end.
 */
export class ChatWriter implements EventWriter {
  /** What the choice that came first begins with. */
  begun: StreamStarted | undefined;
  readonly #includeUsage: boolean;
  readonly #choices: (ChoicePieces | undefined)[] = [];
  #usageHead = "";
  #frame: Frame | undefined;

  constructor(includeUsage: boolean) {
    this.#includeUsage = includeUsage;
  }

  /** @param index of the choice. */
  write(batch: readonly Chunk[], index = 0): string {
    const choice = this.#choices[index];
    if (choice !== undefined) return choice.write(batch);
    const [first] = batch;
    return first?.case === "started" ? this.#opened(first.value, index, batch) : "";
  }

  #opened(started: StreamStarted, index: number, batch: readonly Chunk[]): string {
    this.begun ??= started;
    this.#usageHead ||= headOf(started);
    this.#frame ??= frameOf(this.#usageHead, this.#includeUsage);
    const choice = new ChoicePieces(this.#frame, index);
    this.#choices[index] = choice;
    return choice.opening() + choice.write(batch);
  }

  end(): string {
    const done = "data: [DONE]\n\n";
    if (!this.#includeUsage) return done;
    const usage = usageOf(this.#choices.flatMap((choice) => choice?.usage ?? []));
    return `${this.#usageHead}"choices":[],"usage":${JSON.stringify(usage)}}\n\n${done}`;
  }
}

/** The events of all choices. A failure of any of them ends them all. */
export function chatEvents(sources: readonly Source[], writer: ChatWriter): AsyncIterableIterator<string> {
  const [only] = sources;
  return only !== undefined && sources.length === 1 ? new WrittenEvents(only, writer) : several(sources, writer);
}

async function* several(sources: readonly Source[], writer: ChatWriter): AsyncGenerator<string> {
  try {
    for await (const { index, result } of arrivals(sources)) {
      const text = result.done === true ? "" : writer.write(result.value, index);
      if (text !== "") yield text;
    }
    yield writer.end();
  } finally {
    // Also after a failure, of which a loop does not tell its sources.
    await Promise.all(sources.map((source) => source.return?.()));
  }
}

/** What the sources bring, in the order in which it comes. */
async function* arrivals(sources: readonly Source[]): AsyncGenerator<Arrival> {
  const next = async (index: number): Promise<Arrival> => {
    const result = await (sources[index]?.next() ?? Promise.resolve({ done: true, value: undefined } as const));
    return { index, result };
  };
  const waiting = new Map(sources.map((_, index) => [index, next(index)] as const));
  while (waiting.size > 0) {
    const arrival = await Promise.race(waiting.values());
    waiting.delete(arrival.index);
    yield arrival;
    // Asked only now: if nobody reads on, nobody would hear how it fails.
    if (arrival.result.done !== true) waiting.set(arrival.index, next(arrival.index));
  }
}

function headOf(started: StreamStarted): string {
  const facts = {
    id: started.id,
    object: "chat.completion.chunk",
    created: createdOf(started),
    model: started.routing?.model ?? "",
  };
  return `data: ${JSON.stringify(facts).slice(0, -1)},`;
}

function frameOf(head: string, includeUsage: boolean): Frame {
  return { head: `${head}"choices":[{"index":`, tail: includeUsage ? '}],"usage":null}\n\n' : "}]}\n\n" };
}

/** Requests for several answers: each is a completion of its own. */
export function requestsFor(request: CompleteRequest, choices: number): readonly CompleteRequest[] {
  return Array.from({ length: choices }, (_, index) =>
    index === 0 || request.seed === undefined ? request : { ...request, seed: request.seed + index },
  );
}

import type { CompleteRequest, StreamStarted } from "../../../gen/llmhub/v1/completion_pb.ts";
import type { Chunk } from "../../model/chunk.ts";
import { createdOf, usageOf } from "./answer.ts";
import { ChoicePieces, type Frame } from "./pieces.ts";

/** The events of one choice, as the handlers give them. */
type Source = AsyncIterableIterator<readonly Chunk[]>;

/** What a source brought, and which it was. */
interface Arrival {
  readonly index: number;
  readonly result: IteratorResult<readonly Chunk[]>;
}

/** One choice on its way. */
interface Lane {
  readonly source: Source;
  pieces: ChoicePieces | undefined;
}

/**
 * The events of a stream of chat completions: the pieces of every choice as they come, the usage if it is wanted, and the
 * marker of the end. A failure of any choice ends them all.
 * @param began told what each choice begins with.
 */
export async function* chatEvents(
  sources: readonly Source[],
  includeUsage: boolean,
  began: (started: StreamStarted) => void,
): AsyncGenerator<string> {
  const lanes = sources.map((source): Lane => ({ source, pieces: undefined }));
  let frame: Frame | undefined;
  let usageHead = "";
  try {
    for await (const { index, result } of arrivals(sources)) {
      const lane = lanes[index];
      if (result.done === true || lane === undefined) continue;
      let out = "";
      const [first] = result.value;
      if (lane.pieces === undefined && first?.case === "started") {
        began(first.value);
        usageHead ||= headOf(first.value);
        frame ??= frameOf(usageHead, includeUsage);
        lane.pieces = new ChoicePieces(frame, index);
        out = lane.pieces.opening();
      }
      out += lane.pieces?.write(result.value) ?? "";
      if (out !== "") yield out;
    }
    if (includeUsage) {
      const usage = usageOf(lanes.flatMap(({ pieces }) => pieces?.usage ?? []));
      yield `${usageHead}"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
    }
    yield "data: [DONE]\n\n";
  } finally {
    // Also after a failure, of which a loop does not tell its sources.
    await Promise.all(sources.map((source) => source.return?.()));
  }
}

/** What the sources bring, in the order in which it comes. */
async function* arrivals(sources: readonly Source[]): AsyncGenerator<Arrival> {
  const [only] = sources;
  if (only !== undefined && sources.length === 1) {
    for await (const value of only) yield { index: 0, result: { done: false, value } };
    return;
  }
  const next = async (index: number): Promise<Arrival> => {
    const result = await (sources[index]?.next() ?? Promise.resolve({ done: true, value: undefined } as const));
    return { index, result };
  };
  const waiting = new Map(sources.map((_, index) => [index, next(index)] as const));
  while (waiting.size > 0) {
    const arrival = await Promise.race(waiting.values());
    if (arrival.result.done === true) waiting.delete(arrival.index);
    else waiting.set(arrival.index, next(arrival.index));
    yield arrival;
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

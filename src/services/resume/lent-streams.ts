import type { KeptStream } from "./kept-stream.ts";
import { unknownToken } from "./refusals.ts";
import { endOf, type LogEntry, type StreamReader } from "./stream-log.ts";

const nothing = Buffer.alloc(0);

/** The streams of this process as its neighbours read them: out of what is kept anyway, so that it costs nothing before. */
export class LentStreams implements StreamReader {
  readonly #find: (token: string) => KeptStream | undefined;

  constructor(find: (token: string) => KeptStream | undefined) {
    this.#find = find;
  }

  async newest(token: string): Promise<LogEntry | undefined> {
    const stream = this.#find(token);
    return stream && { keyId: stream.keyId, sequence: stream.sequence, messages: nothing, end: endIn(stream) };
  }

  async read(token: string, after: number): Promise<readonly LogEntry[]> {
    const stream = this.#find(token);
    if (stream === undefined) return [];
    const { keyId } = stream;
    const piece = stream.pieceAfter(after);
    if (piece === undefined) return [{ keyId, sequence: after, messages: nothing, end: endOf(unknownToken()) }];
    const { messages, sequence } = piece;
    return [{ keyId, sequence, messages, end: sequence === stream.sequence ? endIn(stream) : undefined }];
  }

  async attend(token: string): Promise<boolean> {
    const stream = this.#find(token);
    stream?.attended();
    return stream !== undefined;
  }
}

function endIn({ end }: KeptStream): string | undefined {
  return end && endOf(end.error);
}

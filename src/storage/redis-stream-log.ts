import { type RedisLink, scriptOf } from "./redis.ts";

/** How long a writer, and a reader, is believed to live after it was heard of. */
const aliveMs = 6000;
/** Entries in one answer. */
const entriesMax = 16;

/**
 * KEYS: the stream; that its writer lives; that somebody reads it. ARGV: id, key id, messages, "1" if it ends, how, the
 * id below which entries go, how long it is kept, how long the writer is believed to live. An entry whose id is there is
 * a write whose answer was lost.
 */
const write = scriptOf(`
local entry = {'XADD', KEYS[1], ARGV[1], 'key', ARGV[2], 'messages', ARGV[3]}
if ARGV[4] == '1' then
  entry[#entry + 1] = 'end'
  entry[#entry + 1] = ARGV[5]
end
if ARGV[3] ~= '' or ARGV[4] == '1' then
  local added = redis.pcall(unpack(entry))
  if type(added) == 'table' and added.err and not string.find(added.err, 'equal or smaller', 1, true) then
    return added
  end
  redis.call('XTRIM', KEYS[1], 'MINID', ARGV[6])
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
if ARGV[4] == '1' then
  redis.call('DEL', KEYS[2])
else
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[8])
end
return redis.call('EXISTS', KEYS[3])
`);

interface Entry {
  readonly keyId: string;
  readonly sequence: number;
  readonly messages: Buffer;
  readonly end: string | undefined;
}

interface Write {
  readonly token: string;
  readonly entry: Entry;
  readonly keptFrom: number;
  readonly keepMs: number;
}

/** A log of streams as Redis Streams: one per token, whose ids are sequence numbers. */
export class RedisStreamLog {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  /** Rejects with a RedisFailure, as all the others do. */
  async write({ token, entry, keptFrom, keepMs }: Write): Promise<boolean> {
    const { keyId, sequence, messages, end } = entry;
    const isLast = end !== undefined;
    const isRead = await this.#link.script(
      write,
      [streamKey(token), writerKey(token), readerKey(token)],
      [
        ...[`${sequence}-${isLast ? 1 : 0}`, keyId, messages, isLast ? "1" : "0", end ?? ""],
        ...[`${keptFrom}-0`, Math.ceil(keepMs), aliveMs],
      ],
    );
    return isRead === 1;
  }

  async newest(token: string): Promise<Entry | undefined> {
    const [newest] = entriesOf(await this.#link.callBuffer("XREVRANGE", streamKey(token), "+", "-", "COUNT", 1));
    return newest;
  }

  async read(token: string, after: number): Promise<readonly Entry[]> {
    // The entry that ends the stream has the number of its last event, too.
    return entriesOf(await this.#link.callBuffer("XRANGE", streamKey(token), `${after}-1`, "+", "COUNT", entriesMax));
  }

  async attend(token: string): Promise<boolean> {
    const [, isWritten] = await Promise.all([
      this.#link.call("SET", readerKey(token), "1", "PX", aliveMs),
      this.#link.call("EXISTS", writerKey(token)),
    ]);
    return isWritten === 1;
  }

  async drop(token: string): Promise<void> {
    await this.#link.call("DEL", streamKey(token), writerKey(token));
  }
}

// The braces keep the keys of a stream together in a cluster.
const streamKey = (token: string): string => `stream:{${token}}`;
const writerKey = (token: string): string => `stream:{${token}}:writer`;
const readerKey = (token: string): string => `stream:{${token}}:reader`;

/** The answer of XRANGE: a list of an id and a list of names and values each. */
function entriesOf(answer: unknown): Entry[] {
  if (!Array.isArray(answer)) return [];
  return answer.map(([id, fields]: [Buffer, Buffer[]]) => {
    const values = new Map<string, Buffer>();
    for (let i = 0; i + 1 < fields.length; i += 2) values.set(String(fields[i]), fields[i + 1] ?? nothing);
    return {
      keyId: String(values.get("key") ?? ""),
      sequence: Number.parseInt(String(id), 10),
      messages: values.get("messages") ?? nothing,
      end: values.get("end")?.toString(),
    };
  });
}

const nothing = Buffer.alloc(0);

import { createHash, randomBytes } from "node:crypto";
import { type RedisLink, scriptOf } from "../storage/redis.ts";
import { lockAt } from "./redis-lock.ts";
import type { AnswerStore, Keeping, StoreStatistics, Tags } from "./store.ts";

const secretKey = "cache:secret";
/** Which answers count: those that bear the mark that is here now. */
const markKey = "cache:mark";
const markBytes = 16;
/** What stands for the mark while there is none. */
const noMark = Buffer.alloc(markBytes);
/** Of the digest of each tag, in the order of tagNames, behind the mark. */
const tagBytes = 8;
const tagNames = ["tenant", "keyId", "model"] as const;
const headBytes = markBytes + tagNames.length * tagBytes;
/** Keys that Redis looks at in one go, so that others wait a millisecond or two at most. */
const pageKeys = 500;

/**
 * Looks at one page of all keys, for answers. "measure" counts those that bear the mark, "drop" takes away those that do
 * not, and those with all the tags that are given.
 */
const sweep = scriptOf(`
local mark = redis.call('get', KEYS[2]) or string.rep('\\0', ${markBytes})
local page = redis.call('scan', ARGV[2], 'match', KEYS[1], 'count', ${pageKeys})
local entries, bytes = 0, 0
for _, key in ipairs(page[2]) do
  local head = redis.call('getrange', key, 0, ${headBytes - 1})
  local counts = string.sub(head, 1, ${markBytes}) == mark
  local chosen = counts
  for i = 0, ${tagNames.length - 1} do
    local tag = ARGV[3 + i]
    local at = ${markBytes} + i * ${tagBytes}
    if tag ~= '' and string.sub(head, at + 1, at + ${tagBytes}) ~= tag then chosen = false end
  end
  if ARGV[1] == 'drop' then chosen = chosen or not counts end
  if chosen then
    entries = entries + 1
    bytes = bytes + redis.call('strlen', key)
    if ARGV[1] == 'drop' then redis.call('unlink', key) end
  end
end
return { page[1], entries, bytes }
`);

/** Keeps a value if the lock is still that of who asked for it; one that nobody has any more, where nobody has written since. */
export const fenced = scriptOf(`
local held = redis.call('get', KEYS[2])
if held ~= ARGV[3] and (held or redis.call('exists', KEYS[1]) == 1) then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
`);

/** Answers in Redis, for all replicas. How much room they take is for Redis to bound (maxmemory). */
export class RedisStore implements AnswerStore {
  readonly statistics = undefined;
  readonly #link: RedisLink;
  #mark: Buffer | undefined;
  /** Answers are to be dropped that Redis still counts: nothing is found before. */
  #isClearing = false;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  get era(): string {
    return (this.#mark ?? noMark).toString("latin1");
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#isClearing) await this.clear();
    const [mark, kept] = listOf(await this.#link.callBuffer("mget", markKey, answerAt(key)));
    this.#mark = bytesOf(mark) ?? noMark;
    const bytes = bytesOf(kept);
    return bytes?.subarray(0, markBytes).equals(this.#mark) ? bytes.subarray(headBytes) : undefined;
  }

  async set(key: string, answer: Uint8Array, { ttlMs, tags, fence }: Keeping): Promise<boolean> {
    if (this.#isClearing) await this.clear();
    this.#mark ??= bytesOf(await this.#link.callBuffer("get", markKey)) ?? noMark;
    const bytes = Buffer.concat([this.#mark, ...tagNames.map((name) => tagOf(tags[name])), answer]);
    const lifeMs = Math.max(1, Math.ceil(ttlMs));
    if (fence !== undefined) {
      return (await this.#link.script(fenced, [answerAt(key), lockAt(key)], [bytes, lifeMs, fence])) === 1;
    }
    await this.#link.call("set", answerAt(key), bytes, "PX", lifeMs);
    return true;
  }

  async delete(key: string): Promise<void> {
    await this.#link.call("unlink", answerAt(key));
  }

  /**
   * For every replica, however many answers there are: they stay until their time is up or they are dropped, but none
   * counts. If it fails, it is made up for before anything else is done.
   */
  async clear(): Promise<void> {
    this.#isClearing = true;
    this.#mark = randomBytes(markBytes);
    await this.#link.call("set", markKey, this.#mark);
    this.#isClearing = false;
  }

  async drop(tags: Partial<Tags>, signal: AbortSignal): Promise<number> {
    const isAll = tagNames.every((name) => tags[name] === undefined);
    if (isAll || this.#isClearing) await this.clear();
    return (await this.#sweep("drop", tags, signal)).entries;
  }

  measure(signal: AbortSignal): Promise<StoreStatistics> {
    return this.#sweep("measure", {}, signal);
  }

  async #sweep(what: "drop" | "measure", tags: Partial<Tags>, signal: AbortSignal): Promise<StoreStatistics> {
    const digests = tagNames.map((name) => (tags[name] === undefined ? "" : tagOf(tags[name])));
    let entries = 0;
    let bytes = 0;
    let cursor = "0";
    do {
      signal.throwIfAborted();
      const page = listOf(await this.#link.script(sweep, [answerAt("*"), markKey], [what, cursor, ...digests]));
      cursor = String(page[0]);
      entries += Number(page[1]);
      bytes += Number(page[2]);
    } while (cursor !== "0");
    return { entries, bytes };
  }
}

/** The secret that all gateways at this Redis make names with; the first of them makes it. */
export async function sharedSecret(link: RedisLink): Promise<Uint8Array> {
  await link.call("set", secretKey, randomBytes(32), "NX");
  const secret = bytesOf(await link.callBuffer("get", secretKey));
  if (secret === undefined) throw new Error("Redis does not keep what it is given");
  return secret;
}

/** Also the pattern of all such keys, with "*". */
function answerAt(key: string): string {
  return `cache:answer:${key}`;
}

function tagOf(text: string): Buffer {
  return createHash("sha256").update(text).digest().subarray(0, tagBytes);
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

function bytesOf(reply: unknown): Buffer | undefined {
  return Buffer.isBuffer(reply) ? reply : undefined;
}

import { randomBytes } from "node:crypto";
import type { RedisLink } from "../storage/redis.ts";
import type { AnswerStore } from "./store.ts";

const secretKey = "cache:secret";
/** Which answers count: those that bear the mark that is here now. */
const markKey = "cache:mark";
const markBytes = 16;
/** What stands for the mark while there is none. */
const noMark = Buffer.alloc(markBytes);

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

  async get(key: string): Promise<Uint8Array | undefined> {
    if (this.#isClearing) await this.clear();
    const [mark, kept] = listOf(await this.#link.callBuffer("mget", markKey, answerAt(key)));
    this.#mark = bytesOf(mark) ?? noMark;
    const bytes = bytesOf(kept);
    return bytes?.subarray(0, markBytes).equals(this.#mark) ? bytes.subarray(markBytes) : undefined;
  }

  async set(key: string, answer: Uint8Array, ttlMs: number): Promise<void> {
    if (this.#isClearing) await this.clear();
    this.#mark ??= bytesOf(await this.#link.callBuffer("get", markKey)) ?? noMark;
    const bytes = Buffer.concat([this.#mark, answer]);
    await this.#link.call("set", answerAt(key), bytes, "PX", Math.max(1, Math.ceil(ttlMs)));
  }

  async delete(key: string): Promise<void> {
    await this.#link.call("unlink", answerAt(key));
  }

  /**
   * At once and for every replica, however many there are: the answers stay until their time is up, but none counts. If
   * it fails, it is made up for before anything else is done.
   */
  async clear(): Promise<void> {
    this.#isClearing = true;
    this.#mark = randomBytes(markBytes);
    await this.#link.call("set", markKey, this.#mark);
    this.#isClearing = false;
  }
}

/** The secret that all gateways at this Redis make names with; the first of them makes it. */
export async function sharedSecret(link: RedisLink): Promise<Uint8Array> {
  await link.call("set", secretKey, randomBytes(32), "NX");
  const secret = bytesOf(await link.callBuffer("get", secretKey));
  if (secret === undefined) throw new Error("Redis does not keep what it is given");
  return secret;
}

function answerAt(key: string): string {
  return `cache:answer:${key}`;
}

function listOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : [];
}

function bytesOf(reply: unknown): Buffer | undefined {
  return Buffer.isBuffer(reply) ? reply : undefined;
}

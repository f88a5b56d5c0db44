import { type RedisLink, scriptOf } from "../storage/redis.ts";

const tallyKey = "cache:tally";

/** How often answers were found. */
export interface Tally {
  readonly hits: number;
  readonly misses: number;
}

const add = scriptOf(`
return { redis.call('hincrby', KEYS[1], 'hits', ARGV[1]), redis.call('hincrby', KEYS[1], 'misses', ARGV[2]) }
`);

/** What all replicas have counted together, as far as they have told: each tells now and then, not with every call. */
export class SharedTally {
  readonly #link: RedisLink;
  readonly #own: () => Tally;
  #told: Tally;

  /** @param own what this process has counted; what was there before is not told. */
  constructor(link: RedisLink, own: () => Tally) {
    this.#link = link;
    this.#own = own;
    this.#told = own();
  }

  /** Tells what is new, if anything is. Rejects with a RedisFailure; what it may have told then is not told again. */
  async tell(): Promise<void> {
    const { hits, misses } = this.#own();
    if (hits !== this.#told.hits || misses !== this.#told.misses) await this.sum();
  }

  /** Tells, and asks for the sum. */
  async sum(): Promise<Tally> {
    const { hits, misses } = this.#own();
    const news = [hits - this.#told.hits, misses - this.#told.misses];
    this.#told = { hits, misses };
    const sums = await this.#link.script(add, [tallyKey], news);
    const [allHits, allMisses] = Array.isArray(sums) ? sums : [];
    return { hits: Number(allHits), misses: Number(allMisses) };
  }
}

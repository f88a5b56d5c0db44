import { type RedisLink, scriptOf } from "../storage/redis.ts";

/** How old the knowledge of what other replicas found out may be. */
const pollMs = 250;
/** Pauses that are shared at once; the longest stay. */
const pausesMax = 1000;
const key = "cooldowns";

/** A pause of one model, for so long from now. */
export interface SharedPause {
  /** As `accountName` says it. */
  readonly provider: string;
  readonly model: string;
  readonly forMs: number;
  readonly quota: boolean;
}

/** ARGV: milliseconds, member, most members. GT: a pause is never shortened. Times are those of Redis. */
const share = scriptOf(`
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('ZADD', KEYS[1], 'GT', ms + ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ms)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -ARGV[3] - 1)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], last[2]) end
`);

/** Gives members and the milliseconds that are left of each, in turn. */
const shared = scriptOf(`
local now = redis.call('TIME')
local ms = now[1] * 1000 + math.floor(now[2] / 1000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], ms + 1, '+inf', 'WITHSCORES')
for i = 2, #found, 2 do found[i] = tostring(found[i] - ms) end
return found
`);

/**
 * Tells other replicas of pauses, and learns of theirs within a quarter of a second. An addition: a pause holds in its own
 * process at once, and without Redis everything else stays as it is.
 */
export class SharedCooldowns {
  readonly #adopt: (pause: SharedPause) => void;
  #link: RedisLink | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param adopt told of every pause that runs, again with every look. */
  constructor(adopt: (pause: SharedPause) => void) {
    this.#adopt = adopt;
  }

  /** Shares through this Redis from now on; undefined: not at all. */
  use(link: RedisLink | undefined): void {
    if (link === this.#link) return;
    this.#link = link;
    clearTimeout(this.#timer);
    if (link !== undefined) this.#look(link);
  }

  /** Tells of a pause that begins here. What is lost on the way costs the others one call. */
  tell({ provider, model, forMs, quota }: SharedPause): void {
    const link = this.#link;
    if (link === undefined || link.cause !== undefined || forMs < 1) return;
    const member = JSON.stringify([provider, model, quota]);
    link.script(share, [key], [Math.ceil(forMs), member, pausesMax]).catch(ignore);
  }

  #look(link: RedisLink): void {
    const looked = link.cause === undefined ? this.#learn(link).catch(ignore) : Promise.resolve();
    void looked.then(() => {
      if (link !== this.#link) return;
      this.#timer = setTimeout(() => this.#look(link), pollMs);
      this.#timer.unref();
    });
  }

  async #learn(link: RedisLink): Promise<void> {
    const found = await link.script(shared, [key], []);
    if (!Array.isArray(found)) return;
    for (let i = 0; i + 1 < found.length; i += 2) {
      const pause = pauseOf(found[i], found[i + 1]);
      if (pause !== undefined) this.#adopt(pause);
    }
  }
}

function ignore(): void {
  // The link counts its failures, and says when it cannot be used.
}

/** Undefined for what no gateway of this version has written. */
function pauseOf(member: unknown, left: unknown): SharedPause | undefined {
  try {
    const [provider, model, quota]: unknown[] = JSON.parse(String(member));
    const forMs = Number(left);
    if (typeof provider !== "string" || typeof model !== "string" || !Number.isFinite(forMs)) return undefined;
    return { provider, model, forMs, quota: quota === true };
  } catch {
    return undefined;
  }
}

import { type RedisLink, scriptOf } from "../storage/redis.ts";
import { leaseMs, openMs, type ReplicaLock } from "./turns.ts";

/** What stands in place of a token while everybody may pass: no token is so short. */
const open = "open";

const take = scriptOf(`
local held = redis.call('get', KEYS[1])
if not held then
  redis.call('set', KEYS[1], ARGV[1], 'px', ${leaseMs})
  return 'mine'
end
return held == '${open}' and 'open' or 'taken'
`);

const extend = scriptOf(`
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('pexpire', KEYS[1], ${leaseMs})
`);

const leave = scriptOf(`
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '${open}' then redis.call('set', KEYS[1], '${open}', 'px', ${openMs}) else redis.call('del', KEYS[1]) end
return 1
`);

/** Where the lock on an answer is: with its holder's token in it. */
export function lockAt(key: string): string {
  return `cache:lock:${key}`;
}

/** Locks in Redis, under the names that `at` makes. One that nobody extends ends by itself after 10 s. */
export function redisLock(link: RedisLink, at = lockAt): ReplicaLock {
  return {
    async take(key, token) {
      const state = await link.script(take, [at(key)], [token]);
      return state === "mine" || state === "open" ? state : "taken";
    },
    async extend(key, token) {
      return (await link.script(extend, [at(key)], [token])) === 1;
    },
    async leave(key, token, isOpen) {
      await link.script(leave, [at(key)], [token, isOpen ? open : ""]);
    },
  };
}

import { type Script, scriptOf } from "../storage/redis.ts";
import { leaseWaitMs } from "./leases.ts";

/** Milliseconds by Redis' own clock, which all replicas share. */
const serverTime = `(function()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end)()`;

/**
 * What both scripts know of a counter: the same arithmetic as TokenBucket, SlicedWindow and Leases, integers below 2 to
 * the power of 53. KEYS[1] is the reservation, KEYS[i + 1] the counter of draw i. ARGV: reservation's life in
 * milliseconds, its id, a word of the script's own, then five for each draw: kind, limit, two parameters, units.
 */
const counters = (clock: string) => `
local now = ${clock}
local life = tonumber(ARGV[1])
local id = ARGV[2]
local int = function(x) return string.format('%.0f', x) end

local function draw(i)
  local at = 4 + (i - 1) * 5
  return KEYS[i + 1], ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
end

local function bucket(key, limit, tickMs, ticks)
  local kept = redis.call('HMGET', key, 'u', 't')
  local used = tonumber(kept[1] or '0')
  local from = tonumber(kept[2] or '0')
  local tick = math.floor(now / tickMs)
  local passed = tick - from
  if passed > 0 then used = math.max(0, used - math.min(passed, 2 * ticks) * limit) end
  if passed > 0 or passed < -ticks then from = tick end
  return used, from
end

local function keep_bucket(key, used, from, tickMs, ticks)
  redis.call('HSET', key, 'u', int(used), 't', int(from))
  redis.call('PEXPIRE', key, int(3 * tickMs * ticks))
end

local function until_back(parts, limit, from, tickMs)
  if parts <= 0 then return 0 end
  return math.max(1, (from + math.ceil(parts / limit)) * tickMs - now)
end

local function slices(key, sliceMs, kept)
  local present = math.floor(now / sliceMs)
  local all = redis.call('HGETALL', key)
  local found, sum = {}, 0
  for j = 1, #all, 2 do
    local slice = tonumber(all[j])
    if slice < present - kept or slice > present + kept + 1 then
      redis.call('HDEL', key, all[j])
    else
      found[#found + 1] = { slice, tonumber(all[j + 1]) }
      sum = sum + tonumber(all[j + 1])
    end
  end
  table.sort(found, function(a, b) return a[1] < b[1] end)
  return sum, present, found
end

local function keep_slice(key, slice, taken, sliceMs, kept)
  redis.call('HSET', key, int(slice), int(taken))
  redis.call('PEXPIRE', key, int((2 * kept + 2) * sliceMs))
end
`;

/**
 * Takes what all draws ask for, or nothing. Answers whether it did, then for each draw: how long it refuses (0 not, -1
 * for ever), what remains, when all is back. A reservation that was settled before takes nothing.
 */
const admission = (clock: string) => `${counters(clock)}
local n = #KEYS - 1
if life > 0 and redis.call('EXISTS', KEYS[1]) == 1 then return { 2 } end
local wait, remaining, reset = {}, {}, {}
local state = {}
local admitted = 1

local function look(i)
  local key, kind, limit, a, b, cost = draw(i)
  if kind == 'bucket' then
    local used, from = bucket(key, limit, a, b)
    state[i] = { used, from }
    wait[i] = until_back(used - (limit - cost) * b, limit, from, a)
  elseif kind == 'slices' then
    local sum, present, found = slices(key, a, b)
    local excess = sum + cost - limit
    wait[i] = 0
    for _, slice in ipairs(found) do
      if excess <= 0 then break end
      excess = excess - slice[2]
      if excess <= 0 then wait[i] = (slice[1] + b + 1) * a - now end
    end
    state[i] = { sum, present, found }
  else
    redis.call('ZREMRANGEBYSCORE', key, '-inf', int(now))
    local taken = redis.call('ZCARD', key)
    state[i] = { taken }
    wait[i] = taken + cost > limit and ${leaseWaitMs} or 0
  end
  if cost > limit then wait[i] = -1 end
  if wait[i] ~= 0 then admitted = 0 end
end

local function take(i)
  local key, kind, limit, a, b, cost = draw(i)
  local s = state[i]
  if kind == 'bucket' then
    s[1] = s[1] + cost * b
    keep_bucket(key, s[1], s[2], a, b)
    return '0'
  elseif kind == 'slices' then
    local taken = tonumber(redis.call('HGET', key, int(s[2])) or '0')
    keep_slice(key, s[2], taken + cost, a, b)
    s[1] = s[1] + cost
    if #s[3] == 0 or s[3][#s[3]][1] < s[2] then s[3][#s[3] + 1] = { s[2], cost } end
    return int(s[2])
  end
  redis.call('ZADD', key, int(now + life), id)
  if redis.call('PTTL', key) < life then redis.call('PEXPIRE', key, int(life)) end
  s[1] = s[1] + cost
  return '0'
end

local function read(i)
  local _, kind, limit, a, b = draw(i)
  local s = state[i]
  if kind == 'bucket' then
    remaining[i] = math.floor(math.max(0, limit * b - s[1]) / b)
    reset[i] = until_back(s[1], limit, s[2], a)
  elseif kind == 'slices' then
    remaining[i] = math.max(0, limit - s[1])
    reset[i] = s[1] == 0 and 0 or (s[3][#s[3]][1] + b + 1) * a - now
  else
    remaining[i] = math.max(0, limit - s[1])
    reset[i] = s[1] == 0 and 0 or ${leaseWaitMs}
  end
end

for i = 1, n do look(i) end
if admitted == 1 then
  local slots = {}
  for i = 1, n do slots[i] = take(i) end
  if life > 0 then redis.call('SET', KEYS[1], table.concat(slots, ','), 'PX', int(life)) end
end
local answer = { admitted }
for i = 1, n do
  read(i)
  answer[#answer + 1] = wait[i]
  answer[#answer + 1] = remaining[i]
  answer[#answer + 1] = reset[i]
end
return answer
`;

/**
 * Corrects a reservation by the units of each draw and ends it; answers 1. One that is not there (any more) is left
 * alone; if the third word is "late" it is also kept from being made hereafter.
 */
const settlement = (clock: string) => `${counters(clock)}
local slots = redis.call('GET', KEYS[1])
if not slots or slots == 'settled' then
  if ARGV[3] == 'late' then redis.call('SET', KEYS[1], 'settled', 'PX', int(life)) end
  return 0
end
redis.call('DEL', KEYS[1])
local i = 0
for slot in string.gmatch(slots, '[^,]+') do
  i = i + 1
  local key, kind, limit, a, b, delta = draw(i)
  if kind == 'bucket' and delta ~= 0 then
    local used, from = bucket(key, limit, a, b)
    used = used + math.min(limit, math.max(-limit, delta)) * b
    keep_bucket(key, math.min(2 * limit * b, math.max(0, used)), from, a, b)
  elseif kind == 'slices' and delta ~= 0 then
    local taken = redis.call('HGET', key, slot)
    if taken then keep_slice(key, slot, math.max(0, tonumber(taken) + delta), a, b) end
  elseif kind == 'leases' then
    redis.call('ZREM', key, id)
  end
end
return 1
`;

/** The scripts of an admission and of its settlement. */
export interface LimitScripts {
  readonly admit: Script;
  readonly settle: Script;
}

/** @param clock Lua for the present in milliseconds. */
export function limitScripts(clock: string = serverTime): LimitScripts {
  return { admit: scriptOf(admission(clock)), settle: scriptOf(settlement(clock)) };
}

import { type Script, scriptOf } from "../storage/redis.ts";
import { leaseWaitMs } from "./leases.ts";

/** Milliseconds by Redis' own clock, which all replicas share. */
const serverTime = `(function()
  local t = redis.call('TIME')
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end)()`;

/**
 * What both scripts know of a counter: the same arithmetic as TokenBucket, SlicedWindow and Leases, integers below 2 to
 * the power of 53. With n draws, KEYS[1] is the reservation, KEYS[i + 1] the counter of draw i, and KEYS[n + i + 1] what is
 * held of it until its calls end. ARGV: reservation's life in milliseconds, its id, a word of the script's own, then six
 * for each draw: kind, limit, two parameters, 1 if its units are held, units.
 */
const counters = (clock: string) => `
local now = ${clock}
local life = tonumber(ARGV[1])
local id = ARGV[2]
local n = (#KEYS - 1) / 2
local int = function(x) return string.format('%.0f', x) end

local function draw(i)
  local at = 4 + (i - 1) * 6
  return {
    key = KEYS[i + 1], open = KEYS[n + i + 1], kind = ARGV[at], limit = tonumber(ARGV[at + 1]), a = tonumber(ARGV[at + 2]),
    b = tonumber(ARGV[at + 3]), held = ARGV[at + 4] == '1', units = tonumber(ARGV[at + 5])
  }
end

-- Of a bucket, a is the length of a tick and b the number of ticks.
local function bucket(d)
  local kept = redis.call('HMGET', d.key, 'u', 't', 'f')
  local used = tonumber(kept[1] or '0')
  local from = tonumber(kept[2] or '0')
  local tick = math.floor(now / d.a)
  local passed = tick - from
  if passed > 0 then used = math.max(0, used - math.min(passed, 2 * d.b) * d.limit) end
  if passed > 0 or passed < -d.b then from = tick end
  return used, from, used == 0 and from or tonumber(kept[3] or '0')
end

local function keep_bucket(d, used, from, full)
  redis.call('HSET', d.key, 'u', int(used), 't', int(from), 'f', int(full))
  redis.call('PEXPIRE', d.key, int(3 * d.a * d.b))
end

local function until_back(d, parts, from)
  if parts <= 0 then return 0 end
  return math.max(1, (from + math.ceil(parts / d.limit)) * d.a - now)
end

-- Of a window, a is the length of a slice and b the number of those that count beside the present one.
local function slices(d)
  local present = math.floor(now / d.a)
  local all = redis.call('HGETALL', d.key)
  local found, sum = {}, 0
  for j = 1, #all, 2 do
    local slice = tonumber(all[j])
    if slice < present - d.b or slice > present + d.b + 1 then
      redis.call('HDEL', d.key, all[j])
    else
      found[#found + 1] = { slice, tonumber(all[j + 1]) }
      sum = sum + tonumber(all[j + 1])
    end
  end
  table.sort(found, function(x, y) return x[1] < y[1] end)
  return sum, present, found
end

local function keep_slice(d, slice, taken)
  redis.call('HSET', d.key, int(slice), int(taken))
  redis.call('PEXPIRE', d.key, int((2 * d.b + 2) * d.a))
end

-- Takes units, whether they are there or not; answers where they were written down.
local function take(d, units)
  if d.kind == 'bucket' then
    local used, from, full = bucket(d)
    used = math.min(2 * d.limit * d.b, used + math.min(d.limit, units) * d.b)
    keep_bucket(d, used, from, full)
    return from
  elseif d.kind == 'slices' then
    local present = math.floor(now / d.a)
    keep_slice(d, present, tonumber(redis.call('HGET', d.key, int(present)) or '0') + units)
    return present
  end
  redis.call('ZADD', d.key, int(now + life), id)
  if redis.call('PTTL', d.key) < life then redis.call('PEXPIRE', d.key, int(life)) end
  return 0
end

local function give_back(d, slot, units)
  if d.kind == 'bucket' then
    local used, from, full = bucket(d)
    if slot >= full then keep_bucket(d, math.max(0, used - math.min(d.limit, units) * d.b), from, full) end
  elseif d.kind == 'slices' then
    local taken = redis.call('HGET', d.key, int(slot))
    if taken then keep_slice(d, slot, math.max(0, tonumber(taken) - units)) end
  else
    redis.call('ZREM', d.key, id)
  end
end

-- Notes what a call holds, so that it comes back when nobody has settled it by then.
local function hold(d, slot, units, leftMs)
  redis.call('ZADD', d.open, int(now + leftMs), table.concat({ id, int(slot), int(units) }, ' '))
  local keepMs = math.max(leftMs, redis.call('PTTL', d.key))
  if redis.call('PTTL', d.open) < keepMs then redis.call('PEXPIRE', d.open, int(keepMs)) end
end

-- Answers whether the call still held it.
local function let_go(d, slot, units)
  return redis.call('ZREM', d.open, table.concat({ id, int(slot), int(units) }, ' ')) == 1
end
`;

/** Overdue units that one admission gives back of a counter: more wait for the next, so that none takes long. */
const overdueMax = 20;

/**
 * Takes what all draws ask for, or nothing. Answers whether it did, then for each draw: how long it refuses (0 not, -1
 * for ever), what remains, when all is back. A reservation that was settled before takes nothing.
 */
const admission = (clock: string) => `${counters(clock)}
if life > 0 and redis.call('EXISTS', KEYS[1]) == 1 then return { 2 } end
local wait, state = {}, {}
local admitted = 1

-- Whoever took them died with his gateway.
local function reclaim(d)
  local overdue = redis.call('ZRANGEBYSCORE', d.open, '-inf', int(now), 'LIMIT', 0, ${overdueMax})
  for _, member in ipairs(overdue) do
    local slot, units = string.match(member, ' (%-?%d+) (%d+)$')
    redis.call('ZREM', d.open, member)
    give_back(d, tonumber(slot), tonumber(units))
  end
end

local function look(i, d)
  if d.held then reclaim(d) end
  if d.kind == 'bucket' then
    local used, from = bucket(d)
    state[i] = { used, from }
    wait[i] = until_back(d, used - (d.limit - d.units) * d.b, from)
  elseif d.kind == 'slices' then
    local sum, present, found = slices(d)
    local excess = sum + d.units - d.limit
    wait[i] = 0
    for _, slice in ipairs(found) do
      if excess <= 0 then break end
      excess = excess - slice[2]
      if excess <= 0 then wait[i] = (slice[1] + d.b + 1) * d.a - now end
    end
    state[i] = { sum, present, found }
  else
    redis.call('ZREMRANGEBYSCORE', d.key, '-inf', int(now))
    local taken = redis.call('ZCARD', d.key)
    state[i] = { taken }
    wait[i] = taken + d.units > d.limit and ${leaseWaitMs} or 0
  end
  if d.units > d.limit then wait[i] = -1 end
  if wait[i] ~= 0 then admitted = 0 end
end

-- What is read after it was taken.
local function took(s, d)
  if d.kind == 'bucket' then
    s[1] = s[1] + d.units * d.b
    return
  end
  s[1] = s[1] + d.units
  if d.kind == 'slices' then
    local found, present = s[3], s[2]
    if #found == 0 or found[#found][1] < present then found[#found + 1] = { present, d.units } end
  end
end

local function read(s, d)
  if d.kind == 'bucket' then
    return math.floor(math.max(0, d.limit * d.b - s[1]) / d.b), until_back(d, s[1], s[2])
  elseif d.kind == 'slices' then
    return math.max(0, d.limit - s[1]), s[1] == 0 and 0 or (s[3][#s[3]][1] + d.b + 1) * d.a - now
  end
  return math.max(0, d.limit - s[1]), s[1] == 0 and 0 or ${leaseWaitMs}
end

local draws = {}
for i = 1, n do draws[i] = draw(i) end
for i = 1, n do look(i, draws[i]) end
if admitted == 1 then
  local holds = {}
  for i, d in ipairs(draws) do
    local slot = take(d, d.units)
    took(state[i], d)
    if d.held then hold(d, slot, d.units, life) end
    holds[i] = table.concat({ int(slot), int(d.units), int(d.units) }, ' ')
  end
  if life > 0 then redis.call('SET', KEYS[1], table.concat(holds, ','), 'PX', int(life)) end
end
local answer = { admitted }
for i, d in ipairs(draws) do
  local remaining, reset = read(state[i], d)
  answer[#answer + 1] = wait[i]
  answer[#answer + 1] = remaining
  answer[#answer + 1] = reset
end
return answer
`;

/**
 * Makes the units of a reservation what is said of each draw; answers 1. The word "more" only takes what is missing; any
 * other gives back the rest, too, and ends the reservation. One that is not there (any more) is left alone; if the word
 * is "late" it is also kept from being made hereafter.
 */
const correction = (clock: string) => `${counters(clock)}
local word = ARGV[3]
local kept = redis.call('GET', KEYS[1])
if not kept or kept == 'settled' then
  if word == 'late' then redis.call('SET', KEYS[1], 'settled', 'PX', int(life)) end
  return 0
end
local leftMs = math.max(1, redis.call('PTTL', KEYS[1]))
local holds = {}
for slot, last, total in string.gmatch(kept, '(%-?%d+) (%d+) (%d+)') do
  local d = draw(#holds + 1)
  slot, last, total = tonumber(slot), tonumber(last), tonumber(total)
  if d.held and not let_go(d, slot, last) then
    -- It came back, because nobody was thought to be left to settle it.
    last, total = 0, total - last
  end
  if d.units > total then
    local more = d.units - total
    local present = take(d, more)
    last = present == slot and last + more or more
    slot, total = present, d.units
  end
  if word == 'more' then
    if d.held then hold(d, slot, last, leftMs) end
  elseif d.units < total then
    give_back(d, slot, math.min(last, total - d.units))
  end
  holds[#holds + 1] = table.concat({ int(slot), int(last), int(total) }, ' ')
end
if word == 'more' then
  redis.call('SET', KEYS[1], table.concat(holds, ','), 'PX', int(leftMs))
else
  redis.call('DEL', KEYS[1])
end
return 1
`;

/** The scripts of an admission, and of what is said of it later. */
export interface LimitScripts {
  readonly admit: Script;
  readonly correct: Script;
}

/** @param clock Lua for the present in milliseconds. */
export function limitScripts(clock: string = serverTime): LimitScripts {
  return { admit: scriptOf(admission(clock)), correct: scriptOf(correction(clock)) };
}

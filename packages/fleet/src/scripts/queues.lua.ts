/** BullMQ's keys of a queue, by the type that each must be of; 'none' for what this fleet has no use for. */
export const QUEUE_TYPES = {
  wait: 'list',
  active: 'list',
  prioritized: 'zset',
  delayed: 'zset',
  completed: 'zset',
  failed: 'zset',
  stalled: 'set',
  meta: 'hash',
  events: 'stream',
  marker: 'zset',
  id: 'string',
  pc: 'string',
  'stalled-check': 'string',
  paused: 'none',
  'waiting-children': 'none',
  repeat: 'none',
  limiter: 'none',
  de: 'none',
} as const;
/** In the order in which the script takes them. */
export const QUEUE_KEYS = Object.keys(QUEUE_TYPES) as (keyof typeof QUEUE_TYPES)[];

/** Jobs that are no leases, beyond which the queue is made anew. */
const MOST_OTHERS = 10_000;

/**
 * Looks at a queue and mends its leases one by one, so that those that are held go on.
 *
 * KEYS: those of the queue, in the order of `QUEUE_KEYS`; then job and lock of each lease that is looked at.
 * ARGV: the type of each key of the queue; how many leases there are, -1: the queue is of other jobs; what jobs' keys begin
 *   with; then slots and priority of each lease.
 * Reply: what it mended, as a list; what it could not, as a text, 'empty' where Redis lost the queue; nil where all is well.
 * Errors: none.
 */
export const checkQueueScript = `
local queue = ${QUEUE_KEYS.length}
local function decode(text)
  local readable, value = pcall(cjson.decode, text or '')
  return readable and type(value) == 'table' and value
end
local function joined(slots)
  local fine, text = pcall(table.concat, slots, ',')
  return fine and text
end
local function wrong(key, types)
  local found = redis.call('TYPE', key).ok
  return found ~= 'none' and found ~= types and key .. ' is a ' .. found
end
for i = 1, queue do
  local problem = wrong(KEYS[i], ARGV[i])
  if problem then return problem end
end
for _, i in ipairs({ ${QUEUE_KEYS.indexOf('id') + 1}, ${QUEUE_KEYS.indexOf('pc') + 1} }) do
  if redis.call('STRLEN', KEYS[i]) > 15 or string.find(redis.call('GETRANGE', KEYS[i], 0, 15), '%D') then
    return KEYS[i] .. ' is no count'
  end
end
local meta = redis.call('HMGET', KEYS[${QUEUE_KEYS.indexOf('meta') + 1}], 'paused', 'concurrency', 'max', 'duration', 'opts.maxLenEvents')
if meta[1] or meta[2] or meta[3] or meta[4] then return 'it is paused or limited' end
if meta[5] and not string.find(meta[5], '^%d+$') then return 'its events have no bound' end
local last = redis.call('XREVRANGE', KEYS[${QUEUE_KEYS.indexOf('events') + 1}], '+', '-', 'COUNT', 1)[1]
if last and tonumber(string.match(last[1], '^%d+')) > (tonumber(redis.call('TIME')[1]) + 86400) * 1000 then
  return 'its events are of the future'
end

-- While it is there, nobody looks for leases whose holder died.
local pause = redis.call('PTTL', KEYS[${QUEUE_KEYS.indexOf('stalled-check') + 1}])
if pause == -1 or pause > 60000 then return 'its check for stalled jobs is put off for good' end

local leases, prefix = tonumber(ARGV[queue + 1]), ARGV[queue + 2]
if leases < 0 then return false end
local there = redis.call('LLEN', KEYS[1]) + redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3])
if there == 0 and redis.call('EXISTS', KEYS[${QUEUE_KEYS.indexOf('meta') + 1}]) == 0 then return 'empty' end
if there > leases + ${MOST_OTHERS} then return 'it has ' .. there .. ' jobs, and ' .. leases .. ' leases' end

local mended, seen = {}, {}
local function mend(what) mended[#mended + 1] = what end
-- Held leases first: of one that is there twice, they stay.
for _, list in ipairs({ KEYS[${QUEUE_KEYS.indexOf('active') + 1}], KEYS[${QUEUE_KEYS.indexOf('prioritized') + 1}], KEYS[${QUEUE_KEYS.indexOf('wait') + 1}] }) do
  local isSet = list == KEYS[${QUEUE_KEYS.indexOf('prioritized') + 1}]
  for _, id in ipairs(redis.call(isSet and 'ZRANGE' or 'LRANGE', list, 0, -1)) do
    local place = string.match(id, '^lease%-(%d+)$')
    local isLease = place and tonumber(place) < leases and place == tostring(tonumber(place))
    if isLease and not seen[id] then
      seen[id] = true
    else
      if isSet then redis.call('ZREM', list, id) else redis.call('LREM', list, isLease and -1 or 0, id) end
      if not isLease then redis.call('UNLINK', prefix .. id, prefix .. id .. ':lock') end
      mend('a job that is no lease, or a lease twice')
    end
  end
end
for place = 0, leases - 1 do
  local id = 'lease-' .. place
  if not seen[id] then
    redis.call('UNLINK', prefix .. id, prefix .. id .. ':lock')
    mend(id .. ' is gone')
  end
end

local function isLease(job, joinedSlots, priority)
  if wrong(job, 'hash') then return false end
  local data = redis.call('HMGET', job, 'data', 'priority', 'opts', 'progress', 'parent', 'returnvalue', 'stacktrace')
  local lease, opts = decode(data[1]), decode(data[3])
  local slots = lease and type(lease.slots) == 'table' and lease.slots
  if not slots or joined(slots) ~= joinedSlots or data[2] ~= priority or not opts then return false end
  if data[4] or data[5] or data[6] or data[7] then return false end
  for _, count in ipairs(redis.call('HMGET', job, 'ats', 'atm', 'stc')) do
    if count and not string.find(count, '^%d+$') then return false end
  end
  return true
end
for i = 0, (#KEYS - queue) / 2 - 1 do
  local job, lock = KEYS[queue + 2 * i + 1], KEYS[queue + 2 * i + 2]
  local slots, priority, id = ARGV[queue + 3 + 2 * i], ARGV[queue + 4 + 2 * i], string.sub(job, #prefix + 1)
  if seen[id] and not isLease(job, slots, priority) then
    redis.call('UNLINK', job)
    redis.call('HSET', job, 'name', 'lease', 'data', '{"slots":[' .. slots .. ']}',
      'opts', '{"priority":' .. priority .. ',"jobId":"' .. id .. '","attempts":0}',
      'timestamp', redis.call('TIME')[1] .. '000', 'delay', 0, 'priority', priority)
    mend(id .. ' is no lease')
  end
  local left = not wrong(lock, 'string') and redis.call('PTTL', lock)
  if not left or left == -1 or left > 60000 then
    redis.call('UNLINK', lock)
    mend('the lock of ' .. id .. ' does not run out')
  end
end
return #mended > 0 and mended`;

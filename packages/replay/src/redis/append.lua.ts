/**
 * Offsets are those of `chunk-header.ts`. Small chunks come as arguments. Large ones come as keys that were set just before
 * in the same transaction and are only renamed here: as arguments each would be copied three times and hashed by Lua
 * (84×84 frames: 3.4 times the work). All are checked before the first is stored: an append is all or nothing.
 */
export const appendScript = `
--[[
  Stores chunks, counts them, and evicts the oldest beyond the capacity.

  KEYS[1]   meta     hash: what the replay is and how it stands
  KEYS[2]   sizes    list, oldest first: "transitions bytes" of each chunk
  KEYS[3]   writers  hash: writer -> last stored sequence
  KEYS[4]   priorities  hash: chunk id -> the learner's priorities (save-priorities.lua.ts)
  KEYS[5…]  staged   strings: large chunks, in the order to store them; none is left behind

  ARGV[1]   where chunks are: the chunk of an id is the string at this .. id
  ARGV[2…]  small chunks, in the order to store them; where there are any, none is staged

  Reply: stored, then the standing (generation, oldest, newest, transitions, bytes, inserted, evicted, sampled)
  Errors: NOREPLAY (no meta), BADCHUNK sentence
]]
local call, format = redis.call, string.format
local function refuse(message)
  for i = 5, #KEYS do call('UNLINK', KEYS[i]) end
  return redis.error_reply(message)
end
-- Under this name the meta counts what was refused (refusals.ts).
local function refuseChunk(reason, message)
  call('HINCRBY', KEYS[1], 'refused:' .. reason, 1)
  return refuse('BADCHUNK ' .. message)
end

local meta = call('HMGET', KEYS[1], 'fingerprint', 'capacityTransitions', 'capacityBytes',
  'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted', 'generation', 'sampled')
if not meta[1] then return refuse('NOREPLAY There is no replay here.') end
local fingerprint = tonumber(meta[1])
local capacityTransitions, capacityBytes = tonumber(meta[2]), tonumber(meta[3])
local oldest, newest = tonumber(meta[4]), tonumber(meta[5])
local transitions, bytes = tonumber(meta[6]), tonumber(meta[7])
local inserted, evicted = tonumber(meta[8]), tonumber(meta[9])

-- Of each chunk: its steps, bytes, writer and sequence.
local lengths, sizes, names, sequences = {}, {}, {}, {}
local staged = #ARGV == 1
local count = staged and #KEYS - 4 or #ARGV - 1
for i = 1, count do
  local head, size
  if staged then
    head = call('GETRANGE', KEYS[i + 4], 0, 135)
    size = call('STRLEN', KEYS[i + 4])
  else
    head = ARGV[i + 1]
    size = #head
  end
  if #head < 72 or string.sub(head, 1, 4) ~= 'QFCK' then
    return refuseChunk('corrupt', 'This value is not a chunk (its first bytes differ).')
  end
  local version, layout, total, length, ends, priorities, name, form, sequence =
    struct.unpack('<I4I4xxxxI4I4xxxxBBBBxxxxxxxxd', head, 5)
  if version < 1 or version > 3 then
    return refuseChunk('format', 'The chunk is of format ' .. version .. '; this replay holds up to 3: run one version.')
  end
  if layout ~= fingerprint then
    return refuseChunk('layout', 'The chunk has another layout than this replay: start its actor with this run.')
  end
  if total ~= size then
    return refuseChunk('corrupt', 'The chunk says it has ' .. total .. ' bytes; ' .. size .. ' are there.')
  end
  if length < 1 or length > 1048576 or ends > 2 or priorities > 1 or form > 1 or name < 1 or name > 64
    or #head < 72 + name or not (sequence >= 0 and sequence <= 2 ^ 53) then
    return refuseChunk('corrupt', 'The chunk is corrupted: its header holds impossible values.')
  end
  if length > capacityTransitions or total > capacityBytes then
    return refuseChunk('size', 'The chunk has ' .. length .. ' steps and ' .. total .. ' bytes, more than all of ' ..
      'this replay may hold (' .. meta[2] .. ' and ' .. meta[3] .. '): raise its capacity, or shorten its chunks.')
  end
  lengths[i], sizes[i], sequences[i] = length, size, sequence
  names[i] = string.sub(head, 73, 72 + name)
end

-- One call of a command for many values; Lua's stack limits how many.
local function callMany(command, key, values)
  for first = 1, #values, 1000 do
    local last = math.min(first + 999, #values)
    if key then
      call(command, key, unpack(values, first, last))
    else
      call(command, unpack(values, first, last))
    end
  end
end

local last, entries, placed, gone, evictedIds = {}, {}, {}, {}, {}
local stored = 0
for i = 1, count do
  local writer = names[i]
  if not last[writer] then last[writer] = tonumber(call('HGET', KEYS[3], writer) or -1) end
  if sequences[i] > last[writer] then
    last[writer] = sequences[i]
    newest = newest + 1
    stored = stored + 1
    local key = format('%s%d', ARGV[1], newest)
    if staged then
      call('RENAME', KEYS[i + 4], key)
    else
      placed[2 * stored - 1], placed[2 * stored] = key, ARGV[i + 1]
    end
    entries[stored] = format('%d %d', lengths[i], sizes[i])
    transitions = transitions + lengths[i]
    inserted = inserted + lengths[i]
    bytes = bytes + sizes[i]
  elseif staged then
    gone[#gone + 1] = KEYS[i + 4]
  end
end
callMany('MSET', nil, placed)
callMany('RPUSH', KEYS[2], entries)

while oldest < newest and (transitions > capacityTransitions or bytes > capacityBytes) do
  local length, size = string.match(call('LPOP', KEYS[2]), '(%d+) (%d+)')
  evictedIds[#evictedIds + 1] = format('%d', oldest)
  gone[#gone + 1] = ARGV[1] .. evictedIds[#evictedIds]
  oldest = oldest + 1
  transitions = transitions - length
  evicted = evicted + length
  bytes = bytes - size
end
callMany('UNLINK', nil, gone)
callMany('HDEL', KEYS[4], evictedIds)

local reply = { stored, meta[10], oldest, newest, transitions, bytes, inserted, evicted, meta[11] }
for i = 3, 8 do reply[i] = format('%d', reply[i]) end
if stored > 0 then
  for writer, sequence in pairs(last) do
    call('HSET', KEYS[3], writer, format('%d', sequence))
  end
  call('HSET', KEYS[1], 'oldest', reply[3], 'newest', reply[4], 'transitions', reply[5], 'bytes', reply[6],
    'inserted', reply[7], 'evicted', reply[8])
end
return reply
`;

/**
 * What the scripts that store chunks have in common. Offsets are those of `header.ts`. They read and write the keys
 * of `REPLAY_KEYS`, in that order, and know a chunk's place as `chunkPrefix .. id`.
 */

/** `whole(text)`: the count that a text states, or nil where it states none that a double can hold. */
export const WHOLE = `
local function whole(text)
  local value = tonumber(text or '')
  if value and value >= 0 and value <= 2 ^ 53 - 1 and value % 1 == 0 then return value end
end
`;

/** `NO_REPLAY`: the error of a replay that is not there, or whose meta holds impossible values: it is made anew. */
export const NO_REPLAY = `
local NO_REPLAY = redis.error_reply('NOREPLAY There is no replay here.')
`;

/** The meta in locals, or NO_REPLAY where its counters are impossible or are not those of `sizes`. */
export const READ_META = `
local meta = call('HMGET', KEYS[1], 'fingerprint', 'capacityTransitions', 'capacityBytes',
  'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted', 'sampled', 'generation', 'fence')
local fingerprint, capacityTransitions, capacityBytes = whole(meta[1]), whole(meta[2]), whole(meta[3])
local oldest, newest, transitions, bytes = whole(meta[4]), whole(meta[5]), whole(meta[6]), whole(meta[7])
local inserted, evicted, generation = whole(meta[8]), whole(meta[9]), meta[11]
local isThere = generation and fingerprint and capacityTransitions and capacityBytes and oldest and newest
  and transitions and bytes and inserted and evicted and whole(meta[10])
  and newest - oldest + 1 == call('LLEN', KEYS[2])
`;

/**
 * `look(head, size)`: a chunk's writer, sequence and steps, of its first bytes and its size. What is no chunk gives nil, the
 * name under which the meta counts the refusal (`refusals.ts`), and a sentence.
 */
export const LOOK = `
local function look(head, size)
  if #head < 72 or string.sub(head, 1, 4) ~= 'QFCK' then
    return nil, 'corrupt', 'This value is not a chunk (its first bytes differ).'
  end
  local version, layout, total, length, ends, priorities, name, form, sequence =
    struct.unpack('<I4I4xxxxI4I4xxxxBBBBxxxxxxxxd', head, 5)
  if version < 1 or version > 4 then
    return nil, 'format', 'The chunk is of format ' .. version .. '; this replay holds up to 4: run one version.'
  end
  if layout ~= fingerprint then
    return nil, 'layout', 'The chunk has another layout than this replay: start its actor with this run.'
  end
  if total ~= size then
    return nil, 'corrupt', 'The chunk says it has ' .. total .. ' bytes; ' .. size .. ' are there.'
  end
  if length < 1 or length > 1048576 or ends > 2 or priorities > 1 or form > 1 or name < 1 or name > 64
    or #head < 72 + name or not (sequence >= 0 and sequence <= 2 ^ 53 - 1 and sequence % 1 == 0) then
    return nil, 'corrupt', 'The chunk is corrupted: its header holds impossible values.'
  end
  if length > capacityTransitions or total > capacityBytes then
    return nil, 'size', 'The chunk has ' .. length .. ' steps and ' .. total .. ' bytes, more than all of ' ..
      'this replay may hold (' .. meta[2] .. ' and ' .. meta[3] .. '): raise its capacity, or shorten its chunks.'
  end
  -- A step takes two bytes at least, as a token does: one that says more would only drive others out.
  if 2 * length > total then
    return nil, 'corrupt', 'The chunk is corrupted: its ' .. length .. ' steps are not in its ' .. total .. ' bytes.'
  end
  return string.sub(head, 73, 72 + name), sequence, length
end
`;

/**
 * `take(writer, sequence, length, size, value, key)`: gives a chunk the next id, unless its sequence is not above the last
 * of its writer. It is `value`, or lies at `key`. `finish()` then writes what `take` took, evicts the oldest
 * beyond the capacity, and gives the standing with the chunks stored before it.
 */
export const STORE = `
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

-- By writer: its last sequence, and how many of its chunks were stored.
local lasts, counts = {}, {}
local entries, placed, gone, evictedIds = {}, {}, {}, {}
local stored = 0
local function take(writer, sequence, length, size, value, key)
  if not lasts[writer] then
    local last, count = string.match(call('HGET', KEYS[3], writer) or '', '^(%d+) ?(%d*)$')
    lasts[writer], counts[writer] = whole(last) or -1, whole(count) or 0
  end
  if sequence <= lasts[writer] then
    if key then gone[#gone + 1] = key end
    return
  end
  lasts[writer], counts[writer] = sequence, counts[writer] + 1
  newest = newest + 1
  stored = stored + 1
  local place = format('%s%d', chunkPrefix, newest)
  if key then
    call('RENAME', key, place)
  else
    placed[#placed + 1] = place
    placed[#placed + 1] = value
  end
  entries[stored] = format('%d %d', length, size)
  transitions, inserted, bytes = transitions + length, inserted + length, bytes + size
end

local function finish()
  callMany('MSET', nil, placed)
  callMany('RPUSH', KEYS[2], entries)
  while oldest < newest and (transitions > capacityTransitions or bytes > capacityBytes) do
    local length, size = string.match(call('LPOP', KEYS[2]), '(%d+) (%d+)')
    evictedIds[#evictedIds + 1] = format('%d', oldest)
    gone[#gone + 1] = chunkPrefix .. evictedIds[#evictedIds]
    oldest = oldest + 1
    transitions = transitions - length
    evicted = evicted + length
    bytes = bytes - size
  end
  callMany('UNLINK', nil, gone)
  callMany('HDEL', KEYS[4], evictedIds)
  local reply = { stored, generation, oldest, newest, transitions, bytes, inserted, evicted, meta[10] }
  for i = 3, 8 do reply[i] = format('%d', reply[i]) end
  if stored > 0 then
    for writer, sequence in pairs(lasts) do
      call('HSET', KEYS[3], writer, format('%d %d', sequence, counts[writer]))
    end
    call('HSET', KEYS[1], 'oldest', reply[3], 'newest', reply[4], 'transitions', reply[5], 'bytes', reply[6],
      'inserted', reply[7], 'evicted', reply[8])
  end
  return reply
end
`;

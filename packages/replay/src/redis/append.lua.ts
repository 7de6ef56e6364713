/** Offsets are those of `codec.ts`. All chunks are checked before the first write: an append is all or nothing. */
export const appendScript = `
--[[
  Stores chunks, counts them, and evicts the oldest beyond the capacity.

  KEYS[1] meta     hash: what the replay is and how it stands
  KEYS[2] chunks   hash: id -> chunk
  KEYS[3] sizes    list, oldest first: "transitions bytes" of each chunk
  KEYS[4] writers  hash: writer -> last stored sequence

  ARGV[...] chunks, in the order to store them

  Reply: stored, then the standing as standing.lua.ts gives it
  Errors: NOREPLAY (no meta), BADCHUNK sentence
]]
local meta = redis.call('HMGET', KEYS[1], 'fingerprint', 'capacityTransitions', 'capacityBytes',
  'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted', 'generation', 'sampled')
if not meta[1] then return redis.error_reply('NOREPLAY There is no replay here.') end
local fingerprint = tonumber(meta[1])
local capacityTransitions, capacityBytes = tonumber(meta[2]), tonumber(meta[3])
local oldest, newest = tonumber(meta[4]), tonumber(meta[5])
local transitions, bytes = tonumber(meta[6]), tonumber(meta[7])
local inserted, evicted = tonumber(meta[8]), tonumber(meta[9])

local function bad(sentence) return redis.error_reply('BADCHUNK ' .. sentence) end

for i = 1, #ARGV do
  local chunk = ARGV[i]
  if #chunk < 72 or string.sub(chunk, 1, 4) ~= 'QFCK' then
    return bad('This value is not a chunk (its first bytes differ).')
  end
  local format, print, _, total, length = struct.unpack('<I4I4I4I4I4', chunk, 5)
  if format ~= 1 then
    return bad('The chunk is of format ' .. format .. '; this replay holds format 1: run one version.')
  end
  if print ~= fingerprint then
    return bad('The chunk has another layout than this replay: start its actor with the run\\'s environment.')
  end
  if total ~= #chunk then
    return bad('The chunk says it has ' .. total .. ' bytes; ' .. #chunk .. ' are there.')
  end
  if length < 1 or length > 1048576 or #chunk < 72 + string.byte(chunk, 31) then
    return bad('The chunk is corrupted: its header holds impossible values.')
  end
end

local stored = 0
local last = {}
for i = 1, #ARGV do
  local chunk = ARGV[i]
  local length = struct.unpack('<I4', chunk, 21)
  local sequence = struct.unpack('<d', chunk, 41)
  local writer = string.sub(chunk, 73, 72 + string.byte(chunk, 31))
  if not last[writer] then last[writer] = tonumber(redis.call('HGET', KEYS[4], writer) or -1) end
  if sequence > last[writer] then
    last[writer] = sequence
    newest = newest + 1
    redis.call('HSET', KEYS[2], string.format('%.0f', newest), chunk)
    redis.call('RPUSH', KEYS[3], length .. ' ' .. #chunk)
    stored = stored + 1
    transitions = transitions + length
    inserted = inserted + length
    bytes = bytes + #chunk
    while oldest < newest and (transitions > capacityTransitions or bytes > capacityBytes) do
      local gone, size = string.match(redis.call('LPOP', KEYS[3]), '(%d+) (%d+)')
      redis.call('HDEL', KEYS[2], string.format('%.0f', oldest))
      oldest = oldest + 1
      transitions = transitions - gone
      evicted = evicted + gone
      bytes = bytes - size
    end
  end
end

local reply = { string.format('%.0f', stored), meta[10], oldest, newest, transitions, bytes, inserted, evicted, meta[11] }
for i = 3, 8 do reply[i] = string.format('%.0f', reply[i]) end
if stored > 0 then
  for writer, sequence in pairs(last) do
    redis.call('HSET', KEYS[4], writer, string.format('%.0f', sequence))
  end
  redis.call('HSET', KEYS[1], 'oldest', reply[3], 'newest', reply[4], 'transitions', reply[5], 'bytes', reply[6],
    'inserted', reply[7], 'evicted', reply[8])
end
return reply
`;

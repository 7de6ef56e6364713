export const followScript = `
--[[
  The chunks above an id, in order, up to about a number of bytes; and how the replay stands.

  KEYS[1] meta, KEYS[2] chunks: as in append.lua.ts

  ARGV[1] after      the last id that the follower has
  ARGV[2] maxBytes   no further chunk is added once the answer has this many

  Reply: the standing (8 values), the first chunk's id, then the chunks
  Errors: NOREPLAY (no meta)
]]
local reply = redis.call('HMGET', KEYS[1], 'generation', 'oldest', 'newest', 'transitions', 'bytes', 'inserted',
  'evicted', 'sampled')
if not reply[1] then return redis.error_reply('NOREPLAY There is no replay here.') end
local newest = tonumber(reply[3])
local id = math.max(tonumber(ARGV[1]) + 1, tonumber(reply[2]))
local room = tonumber(ARGV[2])
reply[9] = string.format('%.0f', id)
while id <= newest and room > 0 do
  local chunk = redis.call('HGET', KEYS[2], string.format('%.0f', id)) or ''
  reply[#reply + 1] = chunk
  room = room - #chunk
  id = id + 1
end
return reply
`;

import { LOOK, NO_REPLAY, READ_META, STORE, WHOLE } from './door.lua.ts';

/**
 * Small chunks come as arguments. Large ones come as keys that were set just before
 * in the same transaction and are only renamed here: as arguments each would be copied three times and hashed by Lua
 * (84×84 frames: 3.4 times the work). All are checked before the first is stored: an append is all or nothing.
 */
export const appendScript = `
--[[
  Stores chunks, counts them, and evicts the oldest beyond the capacity.

  KEYS[1]   meta     hash: what the replay is and how it stands
  KEYS[2]   sizes    list, oldest first: "transitions bytes" of each chunk
  KEYS[3]   writers  hash: writer -> its last stored sequence, and how many chunks of it were stored
  KEYS[4]   priorities  hash: chunk id -> the learner's priorities (save-priorities.lua.ts)
  KEYS[5…]  staged   strings: large chunks, in the order to store them; none is left behind

  ARGV[1]   where chunks are: the chunk of an id is the string at this .. id
  ARGV[2…]  small chunks, in the order to store them; where there are any, none is staged

  Reply: stored, then the standing (generation, oldest, newest, transitions, bytes, inserted, evicted, sampled)
  Errors: NOREPLAY (no meta, or one of impossible values), BADCHUNK sentence
]]
local call, format = redis.call, string.format
local chunkPrefix = ARGV[1]
${NO_REPLAY}${WHOLE}${READ_META}${LOOK}${STORE}
local function refuse(reply)
  for i = 5, #KEYS do call('UNLINK', KEYS[i]) end
  return reply
end
if not isThere then return refuse(NO_REPLAY) end

local writers, sequences, lengths, sizes = {}, {}, {}, {}
local staged = #ARGV == 1
local count = staged and #KEYS - 4 or #ARGV - 1
for i = 1, count do
  local head = staged and call('GETRANGE', KEYS[i + 4], 0, 135) or ARGV[i + 1]
  sizes[i] = staged and call('STRLEN', KEYS[i + 4]) or #head
  writers[i], sequences[i], lengths[i] = look(head, sizes[i])
  if not writers[i] then
    call('HINCRBY', KEYS[1], 'refused:' .. sequences[i], 1)
    return refuse(redis.error_reply('BADCHUNK ' .. lengths[i]))
  end
end
for i = 1, count do
  take(writers[i], sequences[i], lengths[i], sizes[i], ARGV[i + 1], staged and KEYS[i + 4])
end
return finish()
`;

import { NO_REPLAY, WHOLE } from './door.lua.ts';
import { FENCE } from './fence.lua.ts';

export const savePrioritiesScript = `
--[[
  Keeps the learner's priorities of whole chunks. Those of evicted chunks are left out.

  KEYS[1] meta: as in append.lua.ts
  KEYS[2] priorities  hash: chunk id -> its transitions' priorities, f32 little-endian

  ARGV[1] the learner's fencing token; one below the highest that was seen here is refused
  ARGV[2] the generation that the ids are of
  ARGV[3…] id, priorities, …

  Reply: chunks whose priorities were kept
  Errors: NOREPLAY (no meta), FENCED
]]
${NO_REPLAY}${WHOLE}${FENCE}
local meta = redis.call('HMGET', KEYS[1], 'generation', 'oldest', 'newest', 'fence')
local oldest, newest = whole(meta[2]), whole(meta[3])
if not meta[1] or not oldest or not newest then return NO_REPLAY end
if isFenced(meta[4], ARGV[1]) then return redis.error_reply('FENCED Another learner took over.') end
redis.call('HSET', KEYS[1], 'fence', ARGV[1])
if ARGV[2] ~= meta[1] then return 0 end
local kept = 0
for i = 3, #ARGV, 2 do
  local id = tonumber(ARGV[i])
  if id >= oldest and id <= newest then
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
    kept = kept + 1
  end
end
return kept
`;

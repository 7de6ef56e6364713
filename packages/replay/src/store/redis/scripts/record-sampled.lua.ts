import { NO_REPLAY, WHOLE } from './door.lua.ts';
import { FENCE } from './fence.lua.ts';

export const recordSampledScript = `
--[[
  Adds to the count of sampled transitions; with none, only makes the learner's token known.

  KEYS[1] meta: as in append.lua.ts

  ARGV[1] transitions
  ARGV[2] the learner's fencing token; one below the highest that was seen here is refused
  ARGV[3] the name of this call: one that comes again, for its reply was lost, counts nothing

  Reply: the standing (8 values)
  Errors: NOREPLAY (no meta), FENCED
]]
${NO_REPLAY}${WHOLE}${FENCE}
local meta = redis.call('HMGET', KEYS[1], 'generation', 'fence', 'sampledBy', 'sampled')
if not meta[1] or not whole(meta[4]) then return NO_REPLAY end
if isFenced(meta[2], ARGV[2]) then return redis.error_reply('FENCED Another learner took over.') end
redis.call('HSET', KEYS[1], 'fence', ARGV[2])
if meta[3] ~= ARGV[3] then
  redis.call('HINCRBY', KEYS[1], 'sampled', ARGV[1])
  redis.call('HSET', KEYS[1], 'sampledBy', ARGV[3])
end
return redis.call('HMGET', KEYS[1], 'generation', 'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted',
  'sampled')
`;

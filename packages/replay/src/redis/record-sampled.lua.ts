export const recordSampledScript = `
--[[
  Adds to the count of sampled transitions.

  KEYS[1] meta: as in append.lua.ts

  ARGV[1] transitions

  Reply: the standing (8 values)
  Errors: NOREPLAY (no meta)
]]
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('NOREPLAY There is no replay here.') end
redis.call('HINCRBY', KEYS[1], 'sampled', ARGV[1])
return redis.call('HMGET', KEYS[1], 'generation', 'oldest', 'newest', 'transitions', 'bytes', 'inserted', 'evicted',
  'sampled')
`;

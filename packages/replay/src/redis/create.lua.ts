export const createScript = `
--[[
  Makes the replay, or gives the one that is there another capacity.

  KEYS[1] meta: as in append.lua.ts

  ARGV[1] generation for a new replay, ARGV[2] layout fingerprint, ARGV[3] layout as JSON
  ARGV[4] capacity in transitions, ARGV[5] capacity in bytes

  Reply: the layout, as JSON, that the replay has
]]
local layout = redis.call('HGET', KEYS[1], 'layout')
if not layout then
  layout = ARGV[3]
  redis.call('HSET', KEYS[1], 'generation', ARGV[1], 'fingerprint', ARGV[2], 'layout', layout, 'oldest', '1',
    'newest', '0', 'transitions', '0', 'bytes', '0', 'inserted', '0', 'evicted', '0', 'sampled', '0')
end
if layout == ARGV[3] then
  redis.call('HSET', KEYS[1], 'capacityTransitions', ARGV[4], 'capacityBytes', ARGV[5])
else
  redis.call('HINCRBY', KEYS[1], 'refused:process', 1)
end
return layout
`;

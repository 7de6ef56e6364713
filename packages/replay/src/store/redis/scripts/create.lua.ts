import { READ_META, WHOLE } from './door.lua.ts';

export const createScript = `
--[[
  Makes the replay, or gives the one that is there another capacity. One whose meta holds impossible values is made anew.

  KEYS[1] meta, KEYS[2] sizes, KEYS[3] writers, KEYS[4] priorities: as in append.lua.ts

  ARGV[1] generation for a new replay, ARGV[2] layout fingerprint, ARGV[3] layout as JSON
  ARGV[4] capacity in transitions, ARGV[5] capacity in bytes

  Reply: the layout, as JSON, that the replay has
]]
local call = redis.call
${WHOLE}${READ_META}
local layout = call('HGET', KEYS[1], 'layout')
if not layout or not isThere then
  call('DEL', KEYS[1], KEYS[2], KEYS[4])
  layout = ARGV[3]
  call('HSET', KEYS[1], 'generation', ARGV[1], 'fingerprint', ARGV[2], 'layout', layout, 'oldest', '1',
    'newest', '0', 'transitions', '0', 'bytes', '0', 'inserted', '0', 'evicted', '0', 'sampled', '0')
end
if layout == ARGV[3] then
  call('HSET', KEYS[1], 'capacityTransitions', ARGV[4], 'capacityBytes', ARGV[5])
else
  call('HINCRBY', KEYS[1], 'refused:process', 1)
end
return layout
`;

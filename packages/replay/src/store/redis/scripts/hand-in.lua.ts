import { WHOLE } from './door.lua.ts';

/** Seconds for which a mark outlives its last push. */
const MARK_SECONDS = 86_400;

/**
 * An actor's push to the inbox. Redis may have lost its last moments, without a word to the actor: what a later push
 * brings must not pass what an earlier one brought, or the replay would take the earlier for repeated ones. So each push
 * has a number, and one that comes to a server without those before it pushes nothing.
 */
export const handInScript = `
--[[
  KEYS[1] inbox    list, as in admit.lua.ts
  KEYS[2] mark     string: the number of this inbox's last push
  KEYS[3] meta, KEYS[4] writers: as in append.lua.ts; they are read

  ARGV[1] the number that the mark has at least; below it, nothing is pushed
  ARGV[2] the number of this push
  ARGV[3] how many of the following are fields of the meta, the first of which every replay has, and
  ARGV[4] how many after those are names of writers; the rest are entries

  Reply: the mark before, entries that waited before, values of the fields, values of the writers
]]
local call = redis.call
${WHOLE}
local seen = whole(call('GET', KEYS[2])) or 0
local fields, names = tonumber(ARGV[3]), tonumber(ARGV[4])
local first = 5 + fields + names
local waiting = call('LLEN', KEYS[1])
local standing = call('HMGET', KEYS[3], unpack(ARGV, 5, 4 + fields))
if standing[1] and seen >= tonumber(ARGV[1]) and #ARGV >= first then
  for from = first, #ARGV, 1000 do call('RPUSH', KEYS[1], unpack(ARGV, from, math.min(from + 999, #ARGV))) end
  if tonumber(ARGV[2]) > seen then call('SET', KEYS[2], ARGV[2], 'EX', ${MARK_SECONDS}) end
end
return { string.format('%d', seen), waiting, standing,
  call('HMGET', KEYS[4], unpack(ARGV, 5 + fields, 4 + fields + names)) }
`;

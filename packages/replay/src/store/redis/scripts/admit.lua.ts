import { LOOK, NO_REPLAY, READ_META, STORE, WHOLE } from './door.lua.ts';
import { FENCE } from './fence.lua.ts';

/** Stops when it has taken so much: the server does nothing else meanwhile. */
const MOST_ENTRIES = 1024;
const MOST_BYTES = 4 << 20;
const ENTRIES_AT_ONCE = 64;

/**
 * The door through which experience comes in. An actor may only push to the inbox; the learner has this script move what
 * is there to where it counts. What is no chunk of this replay is counted and dropped, each for itself.
 */
export const admitScript = `
--[[
  KEYS[1…4] as in append.lua.ts
  KEYS[5]   inbox  list, oldest first: small chunks as they are, large ones as "@" and a name, 'layout' where a process of
                   another layout was turned away

  ARGV[1]   where chunks are, as in append.lua.ts
  ARGV[2]   where large chunks lie: that of a name is the string at this .. name
  ARGV[3]   the learner's fencing token; one below the highest that was seen here is refused

  Reply: entries that are left, then as append.lua.ts
  Errors: NOREPLAY, FENCED
]]
local call, format = redis.call, string.format
local chunkPrefix, inboxPrefix = ARGV[1], ARGV[2]
${NO_REPLAY}${WHOLE}${FENCE}${READ_META}${LOOK}${STORE}
if not isThere then return NO_REPLAY end
if isFenced(meta[12], ARGV[3]) then return redis.error_reply('FENCED Another learner took over.') end
if meta[12] ~= ARGV[3] then call('HSET', KEYS[1], 'fence', ARGV[3]) end

local refused = {}
local function refuse(reason) refused[reason] = (refused[reason] or 0) + 1 end

local function admit(entry)
  if entry == 'layout' then return refuse('process') end
  local key, head, size = nil, entry, #entry
  local name = string.match(entry, '^@([%w._:~-]+)$')
  if name and #name <= 256 then
    key = inboxPrefix .. name
    head, size = redis.pcall('GETRANGE', key, 0, 135), redis.pcall('STRLEN', key)
    -- An append that came again: its chunk was taken under the first of two such names.
    if size == 0 then return end
    if type(size) ~= 'number' then head, size = '', 0 end
  end
  local writer, sequence, length = look(head, size)
  if writer then return take(writer, sequence, length, size, entry, key) end
  refuse(sequence)
  if key then gone[#gone + 1] = key end
end

local before, entriesTaken = bytes, 0
while entriesTaken < ${MOST_ENTRIES} and bytes - before < ${MOST_BYTES} do
  local some = call('LPOP', KEYS[5], ${ENTRIES_AT_ONCE})
  if not some then break end
  for i = 1, #some do admit(some[i]) end
  entriesTaken = entriesTaken + #some
end
for reason, count in pairs(refused) do call('HINCRBY', KEYS[1], 'refused:' .. reason, count) end
return { call('LLEN', KEYS[5]), finish() }
`;

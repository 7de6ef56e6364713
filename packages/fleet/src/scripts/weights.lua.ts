import { FENCE } from '@qfleet/replay';

/*
 * Weights up to a part's size lie in the hash itself (`blob`). Larger ones are staged in a hash of parts, beside the
 * newest, and become the newest at once. Those they replace last until the next ones are staged, or for a while, for
 * readers in the middle of them: Redis never holds more than two versions.
 */

/**
 * The part that both scripts begin with. A publication that is sent again, because its reply was lost, is recognised by the
 * same version and token.
 */
const CHECK = `${FENCE}
local fence = tokenOf(redis.pcall('GET', KEYS[2]))
if fence > tonumber(ARGV[1]) then return 'fenced' end
-- Redis lost it, or its last moments.
if fence ~= tonumber(ARGV[1]) then redis.call('SET', KEYS[2], ARGV[1]) end
local there = redis.call('HGET', KEYS[1], 'version')
if there == ARGV[2] and redis.call('HGET', KEYS[1], 'token') == ARGV[1] then return 'ok' end
if there and tonumber(there) >= tonumber(ARGV[2]) then return there end`;

/** How long the parts of replaced weights last, for actors that are reading them. */
const LAST_MS = 60_000;

const FORGET_PREVIOUS = `
local previous = redis.call('HGET', KEYS[1], 'previous')
if previous then redis.call('UNLINK', previous) end`;

/**
 * Makes room for parts.
 *
 * KEYS: weights (hash: the newest), fence (string: the newest token), parts (hash: by number).
 * ARGV: the learner's token; version.
 * Reply: 'stage'; or as `publishScript`.
 * Errors: none.
 */
export const stageScript = `${CHECK}${FORGET_PREVIOUS}
redis.call('HDEL', KEYS[1], 'previous')
redis.call('UNLINK', KEYS[3])
return 'stage'`;

/**
 * Makes weights the newest, and announces their version on the channel of the hash's name.
 *
 * KEYS: weights, fence; parts, where there are any.
 * ARGV: the learner's token; version; then the blob, or how many bytes lie in how many parts.
 * Reply: 'ok'; 'fenced' where another learner took over; 'incomplete' where parts are missing; the version that is there,
 *   where it is not below this one.
 * Errors: none.
 */
export const publishScript = `${CHECK}
local parts = KEYS[3]
if parts and redis.call('HLEN', parts) ~= tonumber(ARGV[4]) then return 'incomplete' end
local before = redis.call('HGET', KEYS[1], 'key')${FORGET_PREVIOUS}
redis.call('PUBLISH', KEYS[1], ARGV[2])
redis.call('HDEL', KEYS[1], 'blob', 'key', 'bytes', 'parts', 'previous')
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'token', ARGV[1])
if parts then
  redis.call('PERSIST', parts)
  redis.call('HSET', KEYS[1], 'key', parts, 'bytes', ARGV[3], 'parts', ARGV[4])
else
  redis.call('HSET', KEYS[1], 'blob', ARGV[3])
end
if before then
  redis.call('HSET', KEYS[1], 'previous', before)
  redis.call('PEXPIRE', before, ${LAST_MS})
end
return 'ok'`;

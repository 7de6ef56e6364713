import { FENCE } from '@qfleet/replay';

/**
 * Takes the learner's lease, and gives out a token above all that were given out.
 *
 * KEYS: lease (string), fence (string: the newest token).
 * ARGV: holder; the lease's milliseconds; a token that was given out.
 * Reply: the token; 0 where another holds the lease.
 * Errors: none.
 */
export const acquireLeaseScript = `${FENCE}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local token = math.max(tokenOf(redis.pcall('GET', KEYS[2])), tonumber(ARGV[3])) + 1
redis.call('SET', KEYS[2], string.format('%.0f', token))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return token`;

/**
 * Holds on to the lease, also where it ran out while nobody took it, and where Redis forgot it. A full Redis refuses SET,
 * but not PEXPIRE.
 *
 * KEYS: lease, fence.
 * ARGV: holder; the lease's milliseconds; the holder's token.
 * Reply: 1; 0 where another took it.
 * Errors: none.
 */
export const renewLeaseScript = `${FENCE}
local holder = redis.call('GET', KEYS[1])
local fence = tokenOf(redis.pcall('GET', KEYS[2]))
if (holder and holder ~= ARGV[1]) or fence > tonumber(ARGV[3]) then return 0 end
if fence == tonumber(ARGV[3]) and redis.call('PEXPIRE', KEYS[1], ARGV[2]) == 1 then return 1 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], ARGV[3])
return 1`;

/**
 * Gives the lease up, where it is still the holder's.
 *
 * KEYS: lease.
 * ARGV: holder.
 * Reply: 1.
 * Errors: none.
 */
export const releaseLeaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1`;

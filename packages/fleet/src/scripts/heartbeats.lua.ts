/**
 * A process's heartbeat. It adds only what a counter grew by since it was last counted, so a repeated beat, whose reply was
 * lost, counts nothing twice. What another left in a counter, and nothing can be added to, waits for the learner to mend it.
 *
 * KEYS: process (string with expiry), processes (sorted set: when each last beat), counted (hash: what was counted of this
 *   process), totals (hash), run (hash: the run record).
 * ARGV: its member of processes; its snapshot; milliseconds until process expires, and counted; '1' where the caller strikes
 *   off those that fell silent (others' ACLs forbid it, so that nobody can strike off all); then name and value of each
 *   counter.
 * Reply: the run's phase, its reason and how often its settings were changed; nil for what is not there.
 * Errors: none.
 */
export const beatScript = `
local now = redis.call('TIME')
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now[1], ARGV[1])
if ARGV[5] == '1' then
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now[1] - 60)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], now[1] + 60, '+inf')
end
for i = 6, #ARGV, 2 do
  local before = tonumber(redis.call('HGET', KEYS[3], ARGV[i]) or '0') or 0
  local growth = tonumber(ARGV[i + 1]) - before
  if growth > 0 then
    redis.pcall('HINCRBYFLOAT', KEYS[4], ARGV[i], string.format('%.17g', growth))
    redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
  end
end
redis.call('PEXPIRE', KEYS[3], ARGV[4])
return redis.call('HMGET', KEYS[5], 'phase', 'reason', 'revision')`;

/**
 * Registers a process, and counts a restart where its last life did not end cleanly.
 *
 * KEYS: unended (set: processes that have not ended cleanly), totals (hash).
 * ARGV: role and name of the process; the counter of its role's restarts, or ''.
 * Reply: 1.
 * Errors: none.
 */
export const registerScript = `
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 and ARGV[2] ~= '' then redis.pcall('HINCRBY', KEYS[2], ARGV[2], 1) end
return 1`;

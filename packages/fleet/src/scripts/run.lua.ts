import { FENCE } from '@qfleet/replay';

/**
 * Replaces the configuration of a run, where it is the one that the caller read, and counts the change.
 *
 * KEYS: run (hash: the run record).
 * ARGV: the configuration that was read; the one that takes its place.
 * Reply: 1; 0 where there is another one by now.
 * Errors: none.
 */
export const reviseScript = `
if redis.call('HGET', KEYS[1], 'config') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'config', ARGV[2])
redis.pcall('HINCRBY', KEYS[1], 'revision', 1)
return 1`;

/**
 * Moves a run to another phase, where that is allowed.
 *
 * KEYS: run, fence (string: the newest token).
 * ARGV: phase; reason; the learner's token, or '' for a caller that is no learner.
 * Reply: the phase that holds now; nil where there is no run, and where another learner took over.
 * Errors: none.
 */
export const setPhaseScript = `${FENCE}
if ARGV[3] ~= '' and isFenced(redis.pcall('GET', KEYS[2]), ARGV[3]) then return false end
local now = redis.call('HGET', KEYS[1], 'phase')
if not now then return false end
local wanted = ARGV[1]
local over = now == 'stopped' or now == 'finished' or now == 'failed'
local allowed = wanted == 'starting'
  or (wanted == 'running' and now == 'starting')
  or (wanted == 'stopping' and (now == 'starting' or now == 'running'))
  or ((wanted == 'stopped' or wanted == 'finished' or wanted == 'failed') and not over)
if allowed then
  redis.call('HSET', KEYS[1], 'phase', wanted, 'reason', ARGV[2])
  return wanted
end
return now`;

/**
 * Removes the keys of a run that are of another type than they must be.
 *
 * KEYS: the run's.
 * ARGV: the type of each.
 * Reply: the names of those that were removed.
 * Errors: none.
 */
export const removeOtherTypesScript = `
local removed = {}
for i = 1, #KEYS do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= ARGV[i] then
    redis.call('UNLINK', KEYS[i])
    removed[#removed + 1] = KEYS[i]
  end
end
return removed`;

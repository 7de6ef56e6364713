import { FENCE } from '@qfleet/replay';

/**
 * Keeps the parameters of an evaluation until its result is there, or for a while.
 *
 * KEYS: weights (hash with expiry: parts by number), fence (string: the newest token).
 * ARGV: the learner's token; milliseconds; how many parts; all bytes, where they are in no parts yet.
 * Reply: 'kept'; 'fenced' where another learner took over; 'incomplete' where parts are missing.
 * Errors: none.
 */
export const keepEvaluationWeightsScript = `${FENCE}
if isFenced(redis.pcall('GET', KEYS[2]), ARGV[1]) then
  redis.call('UNLINK', KEYS[1])
  return 'fenced'
end
if ARGV[4] then redis.call('HSET', KEYS[1], '0', ARGV[4]) end
if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[3]) then return 'incomplete' end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'kept'`;

/**
 * Adds the result of an evaluation. A job that was taken for stalled may end twice: its weights go with the first result,
 * which counts.
 *
 * KEYS: evaluations (list: results), weights, totals (hash).
 * ARGV: the result; results kept.
 * Reply: 1; 0 where there was a result already.
 * Errors: none.
 */
export const reportEvaluationScript = `
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], -ARGV[2], -1)
redis.pcall('HINCRBY', KEYS[3], 'evaluations', 1)
redis.call('UNLINK', KEYS[2])
return 1`;

/**
 * Reads results, as many as one reading takes.
 *
 * KEYS: evaluations.
 * ARGV: index of the first, below 0: counted from the end; results at most; bytes at most; bytes of one at most.
 * Reply: how many results there are, then each from the first on; nil for one that is too long.
 * Errors: WRONGTYPE.
 */
export const readEvaluationsScript = `
local length = redis.call('LLEN', KEYS[1])
local reply, bytes = { length }, 0
local first = tonumber(ARGV[1])
if first < 0 then first = math.max(0, length + first) end
for i = first, math.min(length, first + tonumber(ARGV[2])) - 1 do
  local text = redis.call('LINDEX', KEYS[1], i)
  if #text > tonumber(ARGV[4]) then text = false else bytes = bytes + #text end
  if bytes > tonumber(ARGV[3]) then break end
  reply[#reply + 1] = text
end
return reply`;

/**
 * Adds a report of episodes, unless it was added before.
 *
 * KEYS: episodes (stream: reports), returns (hash: the histogram), counted (hash: what was counted of this process).
 * ARGV: number of the report; reports kept; the report; sum of its returns; then bucket and count of each.
 * Reply: 1; 0 where it was added before.
 * Errors: none.
 */
export const reportEpisodesScript = `
local before = tonumber(redis.call('HGET', KEYS[3], 'episodeReports') or '0') or 0
if before >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[3], 'episodeReports', ARGV[1])
redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', 'report', ARGV[3])
for i = 5, #ARGV, 2 do redis.pcall('HINCRBY', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.pcall('HINCRBYFLOAT', KEYS[2], 'sum', ARGV[4])
return 1`;

/**
 * Reads the newest reports, one at a time, since the length of an entry is not known before it is read.
 *
 * KEYS: episodes.
 * ARGV: how many reports at most; bytes of one at most.
 * Reply: each report, the newest first; nil for an entry that is none.
 * Errors: WRONGTYPE.
 */
export const readReportsScript = `
local reply, last = {}, '+'
for i = 1, tonumber(ARGV[1]) do
  local entry = redis.call('XREVRANGE', KEYS[1], last, '-', 'COUNT', 1)[1]
  if not entry then break end
  local fields = entry[2]
  local fits = #fields == 2 and fields[1] == 'report' and #fields[2] <= tonumber(ARGV[2])
  reply[i] = fits and fields[2] or false
  last = '(' .. entry[1]
end
return reply`;

/**
 * Asks whether nothing can be added to the stream any more, since its last id is of the future.
 *
 * KEYS: episodes.
 * Reply: 1 or 0.
 * Errors: WRONGTYPE.
 */
export const isExhaustedScript = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local now = tonumber(redis.call('TIME')[1])
return last and tonumber(string.match(last[1], '^%d+')) > (now + 86400) * 1000 and 1 or 0`;

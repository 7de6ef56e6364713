/** Far more than a run has lives, and one more is still counted exactly. */
export const MOST_TOKENS = 2 ** 52;

/** `fenceOf(key)`: the newest token. What is no token is as none: the next that is given out takes its place. */
export const FENCE = `
local function fenceOf(key)
  local text = redis.pcall('GET', key)
  local fence = type(text) == 'string' and tonumber(text)
  return fence and fence >= 0 and fence <= ${MOST_TOKENS} and fence == math.floor(fence) and fence or 0
end`;

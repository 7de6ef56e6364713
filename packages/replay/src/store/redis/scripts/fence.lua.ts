/** The highest fencing token: far more than a run has learners, and one more is still counted exactly. */
export const MOST_TOKENS = 2 ** 52;

/**
 * `tokenOf(text)`: the fencing token that a value states, or 0 where it states none; what is no token binds nobody, and
 * the next that is given out takes its place. `isFenced(text, token)`: whether a learner with a higher token than this
 * one has written. `text` is a reply of Redis, an error included.
 */
export const FENCE = `
local function tokenOf(text)
  local token = type(text) == 'string' and tonumber(text)
  return token and token >= 0 and token <= ${MOST_TOKENS} and token % 1 == 0 and token or 0
end
local function isFenced(text, token) return tokenOf(text) > tonumber(token) end
`;

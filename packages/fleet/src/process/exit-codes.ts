/** What the end of a fleet's process says to whoever started it. */
export const exitCodes = {
  /** Its run is over: it is not needed any more. */
  done: 0,
  failed: 1,
  /** It was configured wrongly: to start it again would be in vain. */
  refused: 2,
  /** It was told to stop, and its run is not over: to be started again, unless who told it wants otherwise. */
  stopped: 75,
} as const;

/** What the end of a fleet's process says to whoever started it. */
export const exitCodes = {
  /** Its run is over: it is not needed any more. */
  done: 0,
  failed: 1,
  /** It was configured wrongly: starting it again would not help. */
  refused: 2,
  /** It was told to stop before its run was over: it is to be started again, unless it was stopped on purpose. */
  stopped: 75,
} as const;

import type { DecoderThreadData } from './decoder-thread.ts';

/** A thread beside the caller's. */
export interface DecoderThread {
  end(): void;
}

/** The threads of a decoder: the caller's, and those that are started beside it. */
export interface DecoderThreads {
  /** The caller's included. */
  readonly count: number;
  start(data: DecoderThreadData): DecoderThread;
}

/** The caller's thread alone. */
export const ALONE: DecoderThreads = {
  count: 1,
  start() {
    throw new Error('A decoder on one thread starts no other.');
  },
};

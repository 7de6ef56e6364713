import { availableParallelism } from 'node:os';

/** More wait for each other longer than they compute. */
const MOST_THREADS = 8;

/** The threads of a decoder that has the machine for itself: one a core, as long as they help. */
export const decoderThreads = (): number => Math.min(MOST_THREADS, availableParallelism());

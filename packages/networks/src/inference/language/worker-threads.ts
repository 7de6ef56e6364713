import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DecoderThreadData } from './decoder-thread.ts';
import type { DecoderThread, DecoderThreads } from './decoder-threads.ts';

/** More wait for each other longer than they compute. */
const MOST_THREADS = 8;

/** Threads of Node. @param count Default: one a core, as long as they help: for a process that has the machine for itself. */
export const workerThreads = (count = Math.min(MOST_THREADS, availableParallelism())): DecoderThreads => ({
  count,
  start,
});

function start(workerData: DecoderThreadData): DecoderThread {
  const file = import.meta.url.endsWith('.ts') ? './decoder-thread.ts' : './decoder-thread.js';
  // Without the flags of this process: a debugger's or a loader's are not for it.
  const worker = new Worker(new URL(file, import.meta.url), { execArgv: [], name: 'decoder', workerData });
  worker.unref();
  return { end: () => void worker.terminate() };
}

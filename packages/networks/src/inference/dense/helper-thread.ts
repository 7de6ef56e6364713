import { parentPort, workerData } from 'node:worker_threads';
import { BlockKernel, type BlockKernelOptions } from './block-kernel.ts';
import { BlockQueue } from './block-queue.ts';

/** What a helper is started with. */
export interface HelperData extends BlockKernelOptions {
  /** Milliseconds without a call after which it ends. */
  readonly patience: number;
}

// A program: a thread that computes blocks of rows when it is called, and ends by itself when nobody calls any more.
const data = workerData as HelperData;
const kernel = new BlockKernel(data);
const queue = new BlockQueue(data.memory, data.layout);
const run = (block: number, rows: number): void => kernel.run(block, rows);
parentPort!.postMessage('ready');
queue.serve(data.thread, data.patience, () => queue.work(run));

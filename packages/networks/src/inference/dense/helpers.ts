import { Worker } from 'node:worker_threads';
import type { HelperData } from './helper-thread.ts';
import { MOST_THREADS, type StackLayout } from './stack-layout.ts';

/** Milliseconds without a call after which a helper ends. */
const PATIENCE = 5_000;

/** Threads that help with one stack's blocks. They hold no process open, and end by themselves when they idle. */
export class Helpers {
  readonly #memory: WebAssembly.Memory;
  readonly #layout: StackLayout;
  readonly #patience: number;
  /** By their thread's number, which starts at 1. */
  readonly #workers = new Map<number, Worker>();
  readonly #ready = new Set<number>();
  #failed = false;

  constructor(memory: WebAssembly.Memory, layout: StackLayout, patience = PATIENCE) {
    this.#memory = memory;
    this.#layout = layout;
    this.#patience = patience;
  }

  /** Some did not start, or died: there will be no more. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Threads that take calls, and are not known to have ended. */
  get ready(): number {
    return this.#ready.size;
  }

  /** Starts threads until there are `count`; they take calls a little later. */
  start(count: number): void {
    for (let thread = 1; thread <= Math.min(count, MOST_THREADS - 1) && !this.#failed; thread++) {
      if (!this.#workers.has(thread)) this.#start(thread);
    }
  }

  #start(thread: number): void {
    const workerData: HelperData = {
      memory: this.#memory,
      layout: this.#layout,
      thread,
      patience: this.#patience,
    };
    const file = import.meta.url.endsWith('.ts') ? './helper-thread.ts' : './helper-thread.js';
    let worker: Worker;
    try {
      // Without the flags of this process: a debugger's or a loader's would slow down each start.
      worker = new Worker(new URL(file, import.meta.url), { workerData, execArgv: [], name: 'rows' });
    } catch {
      this.#failed = true;
      return;
    }
    this.#workers.set(thread, worker);
    worker.on('message', () => this.#ready.add(thread));
    worker.on('error', () => {
      this.#failed = true;
    });
    worker.on('exit', () => {
      this.#workers.delete(thread);
      this.#ready.delete(thread);
    });
    worker.unref();
  }
}

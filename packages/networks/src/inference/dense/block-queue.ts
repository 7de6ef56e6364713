import { BLOCK_ROWS, MOST_THREADS, type StackLayout } from './stack-layout.ts';

// Each in a cache line of its own.
const REMAINING = 0;
const DONE = 16;
const ROWS = 32;
const CALLS = 48;

/**
 * A vector's blocks as threads take them, in shared memory. Nobody is given a block: each thread takes the next one
 * when it is ready, so that a helper that the machine does not run holds up nobody, and the caller waits at most for
 * blocks that are being computed.
 */
export class BlockQueue {
  readonly #control: Int32Array<SharedArrayBuffer>;

  constructor(memory: WebAssembly.Memory, layout: StackLayout) {
    this.#control = new Int32Array(memory.buffer, layout.control, CALLS + 16 * MOST_THREADS);
  }

  /** Opens a vector of `rows` rows to be taken. */
  open(rows: number): void {
    this.#control[ROWS] = rows;
    Atomics.store(this.#control, DONE, 0);
    // Last, since a helper that is late from the call before takes blocks as soon as there are some.
    Atomics.store(this.#control, REMAINING, Math.ceil(rows / BLOCK_ROWS));
  }

  /** Computes blocks until none is left to take. */
  work(run: (block: number, rows: number) => void): void {
    for (;;) {
      const block = Atomics.sub(this.#control, REMAINING, 1) - 1;
      if (block < 0) return;
      run(block, this.#control[ROWS]);
      Atomics.add(this.#control, DONE, 1);
      Atomics.notify(this.#control, DONE);
    }
  }

  /** Waits for the blocks that helpers have taken. */
  finish(): void {
    const blocks = Math.ceil(this.#control[ROWS] / BLOCK_ROWS);
    // A block takes microseconds, as falling asleep does.
    for (let spins = 0; spins < 1000; spins++) if (Atomics.load(this.#control, DONE) === blocks) return;
    for (;;) {
      const done = Atomics.load(this.#control, DONE);
      if (done === blocks) return;
      Atomics.wait(this.#control, DONE, done);
    }
  }

  /** Wakes a helper: by its thread's number, from 1 on. */
  call(thread: number): void {
    Atomics.add(this.#control, CALLS + 16 * thread, 1);
    Atomics.notify(this.#control, CALLS + 16 * thread);
  }

  /** The helper's side: `serve` each time it is called, until that has not happened for `patience` ms. */
  serve(thread: number, patience: number, serve: () => void): void {
    let seen = 0;
    while (Atomics.wait(this.#control, CALLS + 16 * thread, seen, patience) !== 'timed-out') {
      seen = Atomics.load(this.#control, CALLS + 16 * thread);
      serve();
    }
  }
}

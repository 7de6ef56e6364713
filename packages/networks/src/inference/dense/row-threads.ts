import { BlockKernel } from './block-kernel.ts';
import { BlockQueue } from './block-queue.ts';
import { FreeCores } from './free-cores.ts';
import { Helpers } from './helpers.ts';
import { BLOCK_ROWS, MOST_THREADS, type StackLayout } from './stack-layout.ts';
import { type Surroundings, ThreadChoice } from './thread-choice.ts';

/** Computes the rows of vectors, on as many threads as pay: see thread-choice.ts. */
export class RowThreads {
  readonly #kernel: BlockKernel;
  readonly #queue: BlockQueue;
  readonly #helpers: Helpers;
  /** By the logarithm of the number of blocks: sizes alike share a choice. */
  readonly #choices: ThreadChoice[] = [];
  readonly #surroundings: Surroundings;
  readonly #run = (block: number, rows: number): void => this.#kernel.run(block, rows);

  constructor(memory: WebAssembly.Memory, layout: StackLayout) {
    this.#kernel = new BlockKernel({ memory, layout, thread: 0 });
    this.#queue = new BlockQueue(memory, layout);
    this.#helpers = new Helpers(memory, layout);
    this.#surroundings = {
      now: () => performance.now(),
      watchFreeCores: () => {
        const cores = new FreeCores();
        return () => (this.#helpers.failed ? 0 : cores.count());
      },
      helpers: (count) => {
        this.#helpers.start(count);
        return this.#helpers.ready;
      },
    };
  }

  /** Computes a vector of `rows` rows, from the layout's input to its output. */
  run(rows: number): void {
    const blocks = Math.ceil(rows / BLOCK_ROWS);
    // Waking a helper costs more than a block.
    if (blocks === 1) {
      this.#kernel.run(0, rows);
      return;
    }
    const size = Math.floor(Math.log2(blocks));
    this.#choices[size] ??= new ThreadChoice(Math.min(MOST_THREADS, 2 ** size), this.#surroundings);
    const choice = this.#choices[size];
    const threads = choice.threads();
    const start = performance.now();
    this.#queue.open(rows);
    for (let thread = 1; thread < threads; thread++) this.#queue.call(thread);
    this.#queue.work(this.#run);
    this.#queue.finish();
    choice.took(start);
  }
}

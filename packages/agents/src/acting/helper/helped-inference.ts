import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Inference, InferenceRows } from '@qfleet/networks';
import { type Memory, stateSize } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { HelperData } from './helper-main.ts';
import { SharedRows } from './shared-rows.ts';

/** Rows of a call below which waking a thread costs more than it computes. */
const FEWEST_ROWS = 64;
/** The helper takes most of its time to begin; a call that takes longer has lost it. */
const PATIENCE_MS = 1_000;

/** An inference with a helper, where there is a core for it. */
export const helped = (own: Inference, made: Pick<HelperData, 'config' | 'spec'>, rows: number): Inference =>
  availableParallelism() > 1 ? new HelpedInference(own, made, rows) : own;

/**
 * An inference that has another thread value half of the rows of a large call. A row's values depend on nothing but the row,
 * so the helper changes no bit; where there is none (yet, or any more), this thread values all rows.
 */
class HelpedInference implements Inference {
  readonly #own: Inference;
  readonly #shared: SharedRows;
  readonly #stateSize: number;
  readonly #actions: number;
  /** Null: it is lost. */
  #helper: Worker | null;
  #isReady = false;

  /** @param own the inference of that configuration, whose rows are independent of each other. @param rows of a call at most. */
  constructor(own: Inference, { config, spec }: Pick<HelperData, 'config' | 'spec'>, rows: number) {
    this.#own = own;
    this.#shared = new SharedRows(spec, rows);
    this.#stateSize = stateSize(spec);
    this.#actions = spec.actions;
    const file = import.meta.url.endsWith('.ts') ? './helper-main.ts' : './helper-main.js';
    const workerData: HelperData = { config, spec, memory: this.#shared.memory };
    // Without the flags of this process: a debugger's or a loader's are not for it.
    this.#helper = new Worker(new URL(file, import.meta.url), { execArgv: [], name: 'helper', workerData });
    this.#helper.once('message', () => {
      this.#isReady = true;
    });
    this.#helper.once('error', () => this.dispose());
    this.#helper.unref();
  }

  load(tensors: NamedTensors): void {
    this.#own.load(tensors);
    this.#helper?.postMessage(tensors);
  }

  memory(rows: number): Memory {
    return this.#own.memory(rows);
  }

  run(rows: InferenceRows, values: Float32Array): void {
    const { count, states } = rows;
    const its = count >> 1;
    if (!this.#isReady || count < FEWEST_ROWS || its * this.#actions > this.#shared.values.length) {
      this.#own.run(rows, values);
      return;
    }
    const mine = count - its;
    const itsStates = states.subarray(mine * this.#stateSize, count * this.#stateSize);
    const itsValues = values.subarray(mine * this.#actions, count * this.#actions);
    this.#shared.states.set(itsStates);
    this.#shared.ask(its);
    this.#own.run({ ...rows, count: mine }, values);
    if (this.#shared.isAnswered(PATIENCE_MS)) {
      itsValues.set(this.#shared.values.subarray(0, itsValues.length));
      return;
    }
    this.dispose();
    this.#own.run({ ...rows, count: its, states: itsStates }, itsValues);
  }

  /** Ends the helper: this thread values all rows from then on. */
  dispose(): void {
    this.#isReady = false;
    void this.#helper?.terminate();
    this.#helper = null;
  }
}

import { Random } from '@qfleet/random';
import {
  allocateObservations,
  type EnvironmentDefinition,
  observationSize,
  type RowArrays,
  type VectorEnvironment,
} from '../../src/index.ts';

/** A vector environment with arrays of its own, which follow its rows as they come and go. */
export class Rows {
  readonly environment: VectorEnvironment;
  readonly #definition: EnvironmentDefinition;
  readonly #stack: number;
  arrays: RowArrays;

  /** @param stack observations that a row of the arrays has room for; the last is written. */
  constructor(definition: EnvironmentDefinition, environment: VectorEnvironment, stack = 1) {
    this.environment = environment;
    this.#definition = definition;
    this.#stack = stack;
    this.arrays = this.#allocate(0);
  }

  #allocate(rows: number): RowArrays {
    const { observationSpace: space, actionSpace, masked } = this.#definition;
    const size = observationSize(space);
    return {
      observations: allocateObservations(space, rows * this.#stack).subarray((this.#stack - 1) * size),
      stride: this.#stack * size,
      rewards: new Float64Array(rows),
      terminated: new Uint8Array(rows),
      truncated: new Uint8Array(rows),
      masks: masked ? new Uint8Array(rows * actionSpace.n) : null,
    };
  }

  /** Binds new arrays, whose row i is the old ones' row `from[i]`. */
  #rebind(from: readonly number[]): void {
    const [old, arrays] = [this.arrays, this.#allocate(from.length)];
    const size = observationSize(this.#definition.observationSpace);
    const { n } = this.#definition.actionSpace;
    from.forEach((row, i) => {
      if (row < 0) return;
      const at = row * old.stride;
      arrays.observations.set(old.observations.subarray(at, at + size), i * arrays.stride);
      if (old.masks) arrays.masks!.set(old.masks.subarray(row * n, row * n + n), i * n);
    });
    this.arrays = arrays;
    this.environment.bind(arrays);
  }

  add(seed: number, slot = 0, episodes = 0): void {
    const rows = Array.from({ length: this.environment.rows }, (_, i) => i);
    this.environment.add(new Random(seed), slot, episodes);
    this.#rebind([...rows, -1]);
    this.environment.reset(rows.length);
  }

  remove(row: number): void {
    const rows = Array.from({ length: this.environment.rows }, (_, i) => i);
    this.environment.remove(row);
    this.#rebind(rows.filter((each) => each !== row));
  }

  /** One step, whether it is awaited or not. */
  async step(actions: readonly number[]): Promise<void> {
    await this.environment.step(Int32Array.from(actions));
  }

  observation(row: number): number[] {
    const { observations, stride } = this.arrays;
    return [
      ...observations.subarray(
        row * stride,
        row * stride + observationSize(this.#definition.observationSpace),
      ),
    ];
  }

  /** All that the rows say now. */
  get seen(): unknown[] {
    const { rewards, terminated, truncated, masks } = this.arrays;
    return Array.from({ length: this.environment.rows }, (_, i) => ({
      observation: this.observation(i),
      reward: rewards[i],
      terminated: terminated[i],
      truncated: truncated[i],
      masks: masks && [...masks],
    }));
  }
}

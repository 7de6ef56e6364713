import type { DqnConfig } from '@qfleet/config';
import { elementsOf, type Signature } from '@qfleet/networks';
import type { Batch } from '@qfleet/replay';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Rates } from './rates.ts';
import type { StepInputs } from './step.ts';

/** Columns of a batch beside its observations: action, return, discount, weight. */
const COLUMNS = 4;
/** Numbers of an update beside its batch: those of `Rates`. */
const RATES = 3;

/**
 * The inputs of K updates in two arrays, since each array that is fed costs a native call a fixed time:
 * `observations` [K, 2, B, …observationShape] (s, then s′) and `columns` float32 [K, 4·B + 3] (actions, returns,
 * discounts, weights, each of B; step size, ε, target mix). An action is exact in float32 below 2²⁴.
 */
export class Packing {
  readonly observations: Float32Array | Int32Array;
  readonly observationsShape: readonly number[];
  readonly observationsDType: 'float32' | 'int32';
  readonly columns: Float32Array;
  readonly columnsShape: readonly [number, number];
  readonly #config: DqnConfig;
  readonly #signature: Signature;

  constructor(config: DqnConfig, signature: Signature) {
    const { updatesPerCall: updates, batchSize: rows } = config;
    this.#config = config;
    this.#signature = signature;
    this.observationsShape = [updates, 2, rows, ...signature.observationShape];
    this.observationsDType = signature.observationDType === 'float32' ? 'float32' : 'int32';
    const size = elementsOf(this.observationsShape);
    this.observations = this.observationsDType === 'float32' ? new Float32Array(size) : new Int32Array(size);
    this.columnsShape = [updates, COLUMNS * rows + RATES];
    this.columns = new Float32Array(elementsOf(this.columnsShape));
  }

  /**
   * Copies batches in, with the rates of their updates.
   *
   * @throws RangeError when their number, size or an action is not as configured.
   */
  fill(batches: readonly Batch[], ratesOf: (k: number) => Rates): void {
    const { updatesPerCall, batchSize: rows } = this.#config;
    if (batches.length !== updatesPerCall) {
      throw new RangeError(`An update call takes ${updatesPerCall} batches, not ${batches.length}.`);
    }
    const width = elementsOf(this.#signature.observationShape) * rows;
    for (const [k, batch] of batches.entries()) {
      this.#check(batch, width);
      this.observations.set(batch.observations, 2 * k * width);
      this.observations.set(batch.nextObservations, (2 * k + 1) * width);
      const start = k * this.columnsShape[1];
      this.columns.set(batch.actions, start);
      this.columns.set(batch.returns, start + rows);
      this.columns.set(batch.discounts, start + 2 * rows);
      this.columns.set(batch.weights, start + 3 * rows);
      const { stepSize, epsilon, targetMix } = ratesOf(k);
      this.columns.set([stepSize, epsilon, targetMix], start + COLUMNS * rows);
    }
  }

  #check(batch: Batch, width: number): void {
    const { batchSize } = this.#config;
    if (batch.size !== batchSize || batch.actions.length !== batchSize) {
      throw new RangeError(`A batch has ${batch.size} rows and agent.batchSize is ${batchSize}.`);
    }
    if (batch.observations.length !== width || batch.nextObservations.length !== width) {
      throw new RangeError(
        `A batch's observations have ${batch.observations.length} elements, and ${batchSize} of shape ` +
          `[${this.#signature.observationShape}] have ${width}.`,
      );
    }
  }

  /** The packed arrays as tensors. */
  tensors(tf: TensorFlow): { observations: Tensor; columns: Tensor } {
    return {
      observations: tf.tensor(this.observations, [...this.observationsShape], this.observationsDType),
      columns: tf.tensor(this.columns, [...this.columnsShape]),
    };
  }

  /** The inputs of update `k` out of the packed tensors. */
  unpack(tf: TensorFlow, observations: Tensor, columns: Tensor, k: number): StepInputs {
    const rows = this.#config.batchSize;
    const shape = this.#signature.observationShape;
    const rest = shape.map(() => 0);
    const observed = (which: 0 | 1) =>
      tf.reshape(tf.slice(observations, [k, which, 0, ...rest], [1, 1, rows, ...shape]), [rows, ...shape]);
    const part = (start: number, shape: number[]) =>
      tf.reshape(tf.slice(columns, [k, start], [1, elementsOf(shape)]), shape);
    const column = (i: number) => part(i * rows, [rows]);
    const rate = (i: number) => part(COLUMNS * rows + i, []);
    return {
      observations: observed(0),
      nextObservations: observed(1),
      actions: column(0),
      returns: column(1),
      discounts: column(2),
      weights: column(3),
      stepSize: rate(0),
      epsilon: rate(1),
      targetMix: rate(2),
    };
  }
}

import { elementsOf, type StateSpec } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from './parameters.ts';

/** How many standard deviations from the mean an element is seen to be, at most: the default of SB3's VecNormalize. */
const LARGEST = 10;
/** Added to the variance, as in Gymnasium's NormalizeObservation: an element that never changes is 0. */
const EPSILON = 1e-8;

const PREFIX = 'normalizer/';
const MEAN = `${PREFIX}mean`;
const VARIANCE = `${PREFIX}variance`;
const COUNT = `${PREFIX}count`;

/** Whether a parameter of this name is a running statistic, which no optimizer touches and a target network shares. */
export const isStatistic = (name: string): boolean => name.startsWith(PREFIX);

/** The scaling of states by running statistics, which are parameters of the network that no gradient changes. */
export interface Normalizer {
  /** The mean and the population variance of each element of an observation, and the count of observations behind them. */
  readonly parameters: readonly ParameterSpec[];
  /** float32 [rows, …stateShape] of states of any dtype: (x − mean)/√(variance + 1e-8), clipped to ±10. */
  forward(tf: TensorFlow, parameters: Parameters, states: Tensor): Tensor;
  /**
   * The statistics with a batch of states in them, by their names; each frame of a stack counts as an observation.
   *
   * @param present float32 [rows]: 0 for a state that is passed over, else 1. Absent: all count.
   */
  observe(tf: TensorFlow, parameters: Parameters, states: Tensor, present?: Tensor): TensorRecord;
  /** The same as `forward` without tfjs: a state of `width` numbers is scaled from one array into another. */
  scaling(tensors: NamedTensors): Scaling;
}

/** Scales `count` numbers of a state from one array into another. */
export type Scaling = (
  from: ArrayLike<number>,
  source: number,
  to: Float32Array,
  target: number,
  count: number,
) => void;

/**
 * Running statistics as Gymnasium's NormalizeObservation keeps them, merged batch by batch: Chan, Golub and LeVeque,
 * "Updating formulae and a pairwise algorithm for computing sample variances" (1979), equations 2.1. With a count of 0, the
 * first batch's statistics are taken as they are. In float32 a count of 2³⁰ no longer rises; the batches after it enter with
 * the weight that the last had.
 *
 * @throws Error for states that are no numbers to be scaled: a Discrete, or bytes.
 */
export function createNormalizer({ shape, dtype, count, frames }: StateSpec): Normalizer {
  if (count !== undefined || dtype === 'uint8') {
    const given = count === undefined ? 'gives bytes, which have one scale' : `gives one of ${count} states`;
    throw new Error(
      'environment.normalizeObservations is true, which takes observations of numbers, and this environment ' +
        `${given}: set environment.normalizeObservations=false.`,
    );
  }
  const size = elementsOf(shape);
  const frameOf = (tf: TensorFlow, states: Tensor): Tensor =>
    tf.reshape(tf.cast(states, 'float32'), frames === 1 ? [-1, ...shape] : [-1, frames, ...shape]);
  return {
    parameters: [
      { name: MEAN, shape, fanIn: 1, uses: 1, start: 0 },
      { name: VARIANCE, shape, fanIn: 1, uses: 1, start: 1 },
      { name: COUNT, shape: [], fanIn: 1, uses: 0, start: 0 },
    ],
    forward: (tf, parameters, states) => {
      const deviation = tf.sqrt(tf.add(parameters[VARIANCE], EPSILON));
      const scaled = tf.div(tf.sub(frameOf(tf, states), parameters[MEAN]), deviation);
      // Two ops that every backend has and `compile` knows.
      return tf.maximum(tf.minimum(scaled, LARGEST), -LARGEST);
    },
    observe: (tf, parameters, states, present) => {
      const [mean, variance, count] = [parameters[MEAN], parameters[VARIANCE], parameters[COUNT]];
      const rows = tf.reshape(tf.cast(states, 'float32'), [-1, ...shape]);
      const counted = present && eachFrame(tf, present, frames, shape.length);
      const batchCount = counted ? tf.sum(counted) : rows.shape[0];
      const meanOf = (x: Tensor): Tensor =>
        counted ? tf.div(tf.sum(tf.mul(x, counted), 0), batchCount) : tf.mean(x, 0);
      const batchMean = meanOf(rows);
      const batchVariance = meanOf(tf.square(tf.sub(rows, batchMean)));
      const total = tf.add(count, batchCount);
      const part = tf.div(batchCount, total);
      const delta = tf.sub(batchMean, mean);
      const rest = tf.div(count, total);
      const between = tf.mul(tf.square(delta), tf.mul(part, rest));
      return {
        [MEAN]: tf.add(mean, tf.mul(delta, part)),
        [VARIANCE]: tf.add(tf.add(tf.mul(variance, rest), tf.mul(batchVariance, part)), between),
        [COUNT]: total,
      };
    },
    scaling: (tensors) => {
      const mean = tensors.get(MEAN)!.data;
      const deviation = tensors.get(VARIANCE)!.data.map((variance) => Math.sqrt(variance + EPSILON));
      return (from, source, to, target, width) => {
        for (let i = 0; i < width; i++) {
          const element = i % size;
          const scaled = (from[source + i] - mean[element]) / deviation[element];
          to[target + i] = Math.max(-LARGEST, Math.min(LARGEST, scaled));
        }
      };
    },
  };
}

/** [rows × frames, 1, …], with `rank` ones: what each state is marked with, for each of its frames. */
function eachFrame(tf: TensorFlow, marks: Tensor, frames: number, rank: number): Tensor {
  const each = tf.mul(tf.reshape(marks, [-1, 1]), tf.ones([1, frames]));
  return tf.reshape(each, [-1, ...Array<number>(rank).fill(1)]);
}

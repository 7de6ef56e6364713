import type { Network } from '@qfleet/networks';
import type { SequenceUnit } from '@qfleet/replay';
import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { TransitionTensors } from '../objectives/objective.ts';
import type { Passes } from './passes.ts';
import { MEMORY } from './sequence-inputs.ts';

/**
 * The passes of a batch of sequences (Kapturowski, Ostrovski, Quan, Munos and Dabney, "Recurrent experience replay in
 * distributed reinforcement learning", 2019, section 3): from the memory that actors stored, the burn-in's states bring it
 * up to date, for each network by its own weights. The steps after it are transitions [rows × length], whose n-step
 * returns end with the sequence at the latest. A step that is not there weighs nothing.
 *
 * @param inputs by `sequenceInputs`.
 */
export function sequencePasses(
  tf: TensorFlow,
  network: Network,
  { burnIn, length }: SequenceUnit,
  nSteps: number,
  inputs: TensorRecord,
): Passes {
  const [rows] = inputs['actions']!.shape as [number];
  const { observations, valid, masks } = inputs as Record<string, Tensor>;
  /** Some consecutive steps of each row, [rows, count, …]. */
  const steps = (of: Tensor, from: number, count: number): Tensor =>
    tf.slice(of, [0, from], [rows, count, ...of.shape.slice(2)]);
  const trained = (of: Tensor, count = length): Tensor => steps(of, burnIn, count);
  const there = trained(valid!);
  const { returns, discounts, next } = nStepReturns(tf, nSteps, {
    rewards: trained(inputs['rewards']!),
    discounts: trained(inputs['discounts']!),
    there,
  });
  const nextMasks = masks && tf.gather(flat(tf, trained(masks, length + 1)), next);
  const batch: TransitionTensors = {
    observations: flat(tf, trained(observations!)),
    nextObservations: flat(tf, trained(observations!, length + 1)),
    actions: flat(tf, trained(inputs['actions']!)),
    returns: flat(tf, returns),
    discounts: flat(tf, discounts),
    weights: flat(tf, tf.mul(tf.expandDims(inputs['weights']!, 1), there)),
    ...(masks ? { nextMasks: nextMasks!, masks: flat(tf, trained(masks)) } : {}),
  };
  const stored = Object.fromEntries(network.memory.map(({ name }) => [name, inputs[MEMORY + name]!]));
  return {
    batch,
    present: flat(tf, there),
    start({ parameters, ...noise }) {
      if (burnIn === 0 || network.memory.length === 0) return stored;
      return network.forward(tf, parameters, {
        ...noise,
        states: flat(tf, steps(observations!, 0, burnIn)),
        present: flat(tf, steps(valid!, 0, burnIn)),
        steps: burnIn,
        memory: stored,
      }).memory;
    },
    outputs:
      ({ parameters, ...noise }, memory) =>
      (states, levels) => {
        const isNext = states === batch.nextObservations;
        return network.forward(tf, parameters, {
          ...{ states, memory, ...noise },
          steps: isNext ? length + 1 : length,
          ...(isNext ? { picked: next } : {}),
          ...(levels ? { levels } : {}),
        }).out;
      },
  };
}

/** [rows, steps, …] as [rows × steps, …]. */
const flat = (tf: TensorFlow, x: Tensor): Tensor => tf.reshape(x, [-1, ...x.shape.slice(2)]);

/**
 * The n-step returns of sequences of T steps, [rows, T]: Σ γᵏ r over n steps, or fewer where the sequence ends before, and
 * what multiplies the value that follows. `next` [rows × T] says which of the rows' T + 1 states that is: the last of them
 * is the one after the last step that is there, which a truncated episode is bootstrapped from.
 */
function nStepReturns(
  tf: TensorFlow,
  nSteps: number,
  { rewards, discounts, there }: Readonly<Record<'rewards' | 'discounts' | 'there', Tensor>>,
): { returns: Tensor; discounts: Tensor; next: Tensor } {
  const [rows, length] = rewards.shape as [number, number];
  const most = Math.min(nSteps, length);
  // Beyond the last step: rewards of 0, and discounts that change nothing.
  const beyond = tf.zeros([rows, most - 1]);
  const absent = tf.sub(1, there);
  const padded = (of: Tensor, by: Tensor) => (most === 1 ? of : tf.concat([of, by], 1));
  const gains = padded(rewards, beyond);
  const factors = padded(tf.add(discounts, absent), tf.add(beyond, 1));
  const shifted = (of: Tensor, k: number) => tf.slice(of, [0, k], [rows, length]);
  let returns = shifted(gains, 0);
  let product = shifted(factors, 0);
  for (let k = 1; k < most; k++) {
    returns = tf.add(returns, tf.mul(product, shifted(gains, k)));
    product = tf.mul(product, shifted(factors, k));
  }
  const counts = tf.cast(tf.sum(there, 1, true), 'int32');
  const ends = tf.minimum(
    tf.tensor2d([Array.from({ length }, (_, t) => t + nSteps)], [1, length], 'int32'),
    counts,
  );
  const firsts = tf.tensor2d(
    Array.from({ length: rows }, (_, row) => row * (length + 1)),
    [rows, 1],
    'int32',
  );
  return { returns, discounts: product, next: tf.reshape(tf.add(firsts, ends), [-1]) };
}

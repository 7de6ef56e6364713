import type { DqnConfig } from '@qfleet/config';
import { forward, oneHot, type Parameters, type Signature } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { BETA1, BETA2 } from './rates.ts';

/** The parts of the state, each with all of the network's parameters: θ, θ⁻, Adam's first and second moments. */
export const PARTS = ['online', 'target', 'm', 'v'] as const;

/** What an update reads and writes: a tensor `<part>/<parameter>` each. */
export type DqnState = Readonly<Record<string, Tensor>>;

/** A batch of B transitions and the update's rates, as tensors. */
export interface StepInputs {
  /** [B, …observationShape] each, of the layout's dtype (uint8 as int32). */
  readonly observations: Tensor;
  readonly nextObservations: Tensor;
  /** float32 [B] each, also the actions (exact below 2²⁴) */
  readonly actions: Tensor;
  readonly returns: Tensor;
  readonly discounts: Tensor;
  readonly weights: Tensor;
  /** Scalars: see `Rates`. */
  readonly stepSize: Tensor;
  readonly epsilon: Tensor;
  readonly targetMix: Tensor;
}

export interface StepOutputs {
  readonly state: DqnState;
  /** |δ|, float32 [B] */
  readonly tdErrors: Tensor;
  /** Scalars. `meanQ` is of the actions taken; `gradientNorm` is taken before clipping. */
  readonly loss: Tensor;
  readonly meanQ: Tensor;
  readonly gradientNorm: Tensor;
}

/**
 * One update of DQN as a pure function of tensors: targets, loss, gradients, clipping, Adam, target network.
 * Runs eagerly inside a `tidy`, or traced.
 */
export function dqnStep(
  tf: TensorFlow,
  config: DqnConfig,
  signature: Signature,
  state: DqnState,
  inputs: StepInputs,
): StepOutputs {
  const online = partOf(state, 'online');
  const names = Object.keys(online);
  const targets = bootstrapTargets(tf, config, signature, state, inputs);

  let tdErrors!: Tensor;
  let meanQ!: Tensor;
  const lossOf = (...values: Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    const q = valueAt(
      tf,
      forward(tf, config.network, signature, parameters, inputs.observations),
      inputs.actions,
    );
    const errors = tf.sub(targets, q);
    // Kept: the gradient's own scope ends before these are read.
    tdErrors = tf.keep(tf.abs(errors));
    meanQ = tf.keep(tf.mean(q));
    return tf.mean(tf.mul(inputs.weights, rowLoss(tf, config.loss, errors)));
  };
  const { value: loss, grads } = tf.valueAndGrads(lossOf)(names.map((name) => online[name]));

  const gradientNorm = tf.sqrt(tf.addN(grads.map((g) => tf.sum(tf.square(g)))));
  const clip = config.gradientClip;
  // g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013).
  const scale = clip === null ? null : tf.div(clip, tf.maximum(gradientNorm, clip));

  const next: Record<string, Tensor> = {};
  for (const [i, name] of names.entries()) {
    const g = scale === null ? grads[i] : tf.mul(grads[i], scale);
    // Adam (Kingma and Ba, 2015, algorithm 1), with the bias corrections in the rates.
    const m = tf.add(tf.mul(state[`m/${name}`], BETA1), tf.mul(g, 1 - BETA1));
    const v = tf.add(tf.mul(state[`v/${name}`], BETA2), tf.mul(tf.square(g), 1 - BETA2));
    const move = tf.div(tf.mul(m, inputs.stepSize), tf.add(tf.sqrt(v), inputs.epsilon));
    const parameter = tf.sub(online[name], move);
    next[`m/${name}`] = m;
    next[`v/${name}`] = v;
    next[`online/${name}`] = parameter;
    // As a weighted sum, a mix of 0 keeps θ⁻ and a mix of 1 copies θ to the bit.
    next[`target/${name}`] = tf.add(
      tf.mul(parameter, inputs.targetMix),
      tf.mul(state[`target/${name}`], tf.sub(1, inputs.targetMix)),
    );
  }
  return { state: next, tdErrors, loss, meanQ, gradientNorm };
}

/**
 * r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van Hasselt et al., 2016, equation 4)
 * and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
function bootstrapTargets(
  tf: TensorFlow,
  config: DqnConfig,
  signature: Signature,
  state: DqnState,
  { nextObservations, returns, discounts }: StepInputs,
): Tensor {
  const valuesBy = (part: 'online' | 'target') =>
    forward(tf, config.network, signature, partOf(state, part), nextObservations);
  const values = valuesBy('target');
  const bootstrap = config.doubleQ
    ? valueAt(tf, values, tf.argMax(valuesBy('online'), 1))
    : tf.max(values, 1);
  return tf.add(returns, tf.mul(discounts, bootstrap));
}

/** The network's parameters in one part of the state. */
function partOf(state: DqnState, part: (typeof PARTS)[number]): Parameters {
  const prefix = `${part}/`;
  return Object.fromEntries(
    Object.entries(state)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

/** Q(s, a) of each row: [B, actions] at the actions [B]. */
function valueAt(tf: TensorFlow, values: Tensor2D, actions: Tensor): Tensor {
  return tf.sum(tf.mul(values, oneHot(tf, actions, values.shape[1])), 1);
}

/** Of each row: Huber at δ = 1, ½e² within and |e| − ½ beyond (Huber, 1964), or e². */
function rowLoss(tf: TensorFlow, loss: DqnConfig['loss'], errors: Tensor): Tensor {
  if (loss === 'mse') return tf.square(errors);
  const size = tf.abs(errors);
  const inner = tf.minimum(size, 1);
  // ½·inner² + (size − inner): one form for both sides.
  return tf.add(tf.mul(0.5, tf.square(inner)), tf.sub(size, inner));
}

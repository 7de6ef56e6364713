import type { DqnConfig } from '@qfleet/config';
import { forward, type Parameters, type Signature } from '@qfleet/networks';
import type * as Tf from '@tensorflow/tfjs-core';
import { BETA1, BETA2 } from './rates.ts';

/** What an update reads and writes: parameters θ, target parameters θ⁻, Adam's first and second moments. */
export interface DqnState {
  readonly online: Parameters;
  readonly target: Parameters;
  readonly m: Parameters;
  readonly v: Parameters;
}

/** A batch of B transitions and the update's rates, as tensors. */
export interface StepInputs {
  /** [B, …observationShape] each, of the layout's dtype (uint8 as int32). */
  readonly observations: Tf.Tensor;
  readonly nextObservations: Tf.Tensor;
  /** int32 [B] */
  readonly actions: Tf.Tensor;
  /** float32 [B] each */
  readonly returns: Tf.Tensor;
  readonly discounts: Tf.Tensor;
  readonly weights: Tf.Tensor;
  /** Scalars: see `Rates`. */
  readonly stepSize: Tf.Tensor;
  readonly epsilon: Tf.Tensor;
  readonly targetMix: Tf.Tensor;
}

export interface StepOutputs {
  readonly state: DqnState;
  /** |δ|, float32 [B] */
  readonly tdErrors: Tf.Tensor;
  /** Scalars. `gradientNorm` is taken before clipping; `meanQ` is of the actions taken. */
  readonly loss: Tf.Tensor;
  readonly meanQ: Tf.Tensor;
  readonly gradientNorm: Tf.Tensor;
}

/**
 * One update of DQN as a pure function of tensors: targets, loss, gradients, clipping, Adam, target network.
 * Runs eagerly inside a `tidy`, or traced.
 */
export function dqnStep(
  tf: typeof Tf,
  config: DqnConfig,
  signature: Signature,
  state: DqnState,
  inputs: StepInputs,
): StepOutputs {
  const names = Object.keys(state.online);
  const targets = bootstrapTargets(tf, config, signature, state, inputs);

  let tdErrors!: Tf.Tensor;
  let meanQ!: Tf.Tensor;
  const lossOf = (...values: Tf.Tensor[]): Tf.Scalar => {
    const online = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    const q = valueAt(
      tf,
      forward(tf, config.network, signature, online, inputs.observations),
      inputs.actions,
    );
    const errors = tf.sub(targets, q);
    // Kept: the gradient's own scope ends before these are read.
    tdErrors = tf.keep(tf.abs(errors));
    meanQ = tf.keep(tf.mean(q));
    return tf.mean(tf.mul(inputs.weights, rowLoss(tf, config.loss, errors)));
  };
  const { value: loss, grads } = tf.valueAndGrads(lossOf)(names.map((name) => state.online[name]));

  const gradientNorm = tf.sqrt(tf.addN(grads.map((g) => tf.sum(tf.square(g)))));
  const clip = config.gradientClip;
  // g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013).
  const scale = clip === null ? null : tf.div(clip, tf.maximum(gradientNorm, clip));

  const next = { online: {}, target: {}, m: {}, v: {} } as Record<keyof DqnState, Record<string, Tf.Tensor>>;
  for (const [i, name] of names.entries()) {
    const g = scale === null ? grads[i] : tf.mul(grads[i], scale);
    // Adam (Kingma and Ba, 2015, algorithm 1), with the bias corrections in the rates.
    const m = tf.add(tf.mul(state.m[name], BETA1), tf.mul(g, 1 - BETA1));
    const v = tf.add(tf.mul(state.v[name], BETA2), tf.mul(tf.square(g), 1 - BETA2));
    const step = tf.div(tf.mul(m, inputs.stepSize), tf.add(tf.sqrt(v), inputs.epsilon));
    const online = tf.sub(state.online[name], step);
    next.m[name] = m;
    next.v[name] = v;
    next.online[name] = online;
    // As a weighted sum, a mix of 0 keeps θ⁻ and a mix of 1 copies θ to the bit.
    next.target[name] = tf.add(
      tf.mul(online, inputs.targetMix),
      tf.mul(state.target[name], tf.sub(1, inputs.targetMix)),
    );
  }
  return { state: next, tdErrors, loss, meanQ, gradientNorm };
}

/**
 * r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van Hasselt et al., 2016, equation 4)
 * and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
export function bootstrapTargets(
  tf: typeof Tf,
  config: DqnConfig,
  signature: Signature,
  state: DqnState,
  inputs: StepInputs,
): Tf.Tensor {
  const values = forward(tf, config.network, signature, state.target, inputs.nextObservations);
  const bootstrap = config.doubleQ
    ? valueAt(
        tf,
        values,
        tf.argMax(forward(tf, config.network, signature, state.online, inputs.nextObservations), 1),
      )
    : tf.max(values, 1);
  return tf.add(inputs.returns, tf.mul(inputs.discounts, bootstrap));
}

/** Q(s, a) of each row: [B, actions] at int32 [B]. */
function valueAt(tf: typeof Tf, values: Tf.Tensor2D, actions: Tf.Tensor): Tf.Tensor {
  return tf.sum(tf.mul(values, tf.oneHot(actions, values.shape[1])), 1);
}

/** Of each row: Huber at δ = 1, ½e² within and |e| − ½ beyond (Huber, 1964), or e². */
export function rowLoss(tf: typeof Tf, loss: DqnConfig['loss'], errors: Tf.Tensor): Tf.Tensor {
  if (loss === 'mse') return tf.square(errors);
  const size = tf.abs(errors);
  const inner = tf.minimum(size, 1);
  // ½·inner² + (size − inner), in one form that has the right derivative on both sides.
  return tf.add(tf.mul(0.5, tf.square(inner)), tf.sub(size, inner));
}

import type { DqnConfig } from '@qfleet/config';
import { forward, oneHot, type Parameters, type Signature } from '@qfleet/networks';
import { adam, type InputSpec, type StepResult, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** Prefixes of the state's names: the parameters θ and the target network's θ⁻. Adam's slots follow `adamSlots`. */
export const ONLINE = 'online/';
export const TARGET = 'target/';

/** The inputs of an update: a batch of `rows` transitions, and the update's `Rates`. */
export function stepInputs(signature: Signature, rows: number) {
  const observations = {
    shape: [rows, ...signature.observationShape],
    dtype: signature.observationDType,
  } satisfies InputSpec;
  const column = { shape: [rows] } satisfies InputSpec;
  return {
    observations,
    nextObservations: observations,
    actions: { shape: [rows], dtype: 'int32' },
    returns: column,
    discounts: column,
    weights: column,
    learningRate: { shape: [] },
    targetMix: { shape: [] },
  } satisfies Record<string, InputSpec>;
}

type StepInputs = Readonly<Record<keyof ReturnType<typeof stepInputs>, Tensor>>;

/**
 * One update of DQN as a pure function of tensors: targets, loss, gradients, clipping, Adam, target network.
 *
 * @returns the changed state, and the outputs `tdErrors` (|δ| of each row) and `stats` (loss, mean Q of the actions
 * taken, global norm of the gradient before clipping).
 */
export function dqnStep(
  tf: TensorFlow,
  config: DqnConfig,
  signature: Signature,
  state: TensorRecord,
  given: TensorRecord,
): StepResult {
  const inputs = given as StepInputs;
  const online = withPrefix(state, ONLINE);
  const names = Object.keys(online);
  const targets = bootstrapTargets(tf, config, signature, state, inputs);

  let taken!: Tensor;
  const lossOf = (...values: Tensor[]) => {
    const parameters = Object.fromEntries(names.map((name, i) => [name, values[i]]));
    const q = forward(tf, config.network, signature, parameters, inputs.observations);
    // Kept: it is read after the end of the gradient's own scope.
    taken = tf.keep(valueAt(tf, q, inputs.actions));
    return tf.mean(tf.mul(inputs.weights, rowLoss(tf, config.loss, tf.sub(targets, taken))));
  };
  const { value: loss, grads } = tf.valueAndGrads(lossOf)(names.map((name) => online[name]));
  const tdErrors = tf.abs(tf.sub(targets, taken));
  const meanQ = tf.mean(taken);
  tf.dispose(taken);

  const gradientNorm = tf.sqrt(tf.addN(grads.map((g) => tf.sum(tf.square(g)))));
  const clip = config.gradientClip;
  // g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013).
  const scale = clip === null ? null : tf.div(clip, tf.maximum(gradientNorm, clip));
  const gradients = Object.fromEntries(
    names.map((name, i) => [ONLINE + name, scale === null ? grads[i] : tf.mul(grads[i], scale)]),
  );
  const changed = adam(tf, state, gradients, {
    learningRate: inputs.learningRate,
    epsilon: config.adamEpsilon,
  });

  // As a weighted sum, a mix of 0 keeps θ⁻ and a mix of 1 copies θ to the bit.
  const kept = tf.sub(1, inputs.targetMix);
  for (const name of names) {
    changed[TARGET + name] = tf.add(
      tf.mul(changed[ONLINE + name], inputs.targetMix),
      tf.mul(state[TARGET + name], kept),
    );
  }
  return { state: changed, outputs: { tdErrors, stats: tf.stack([loss, meanQ, gradientNorm]) } };
}

/**
 * r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van Hasselt et al., 2016, equation 4)
 * and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
function bootstrapTargets(
  tf: TensorFlow,
  config: DqnConfig,
  signature: Signature,
  state: TensorRecord,
  { nextObservations, returns, discounts }: StepInputs,
): Tensor {
  const valuesBy = (prefix: string) =>
    forward(tf, config.network, signature, withPrefix(state, prefix), nextObservations);
  const values = valuesBy(TARGET);
  const bootstrap = config.doubleQ ? valueAt(tf, values, tf.argMax(valuesBy(ONLINE), 1)) : tf.max(values, 1);
  return tf.add(returns, tf.mul(discounts, bootstrap));
}

/** The network's parameters under a prefix of the state. */
function withPrefix(state: TensorRecord, prefix: string): Parameters {
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

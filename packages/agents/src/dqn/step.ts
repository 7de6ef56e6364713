import type { DqnConfig } from '@qfleet/config';
import { forward, oneHot, type Packing, type Signature } from '@qfleet/networks';
import { adam, type InputSpec, type StepResult, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** Names in the state: the packed parameters θ and the target network's θ⁻. Adam's slots follow `adamSlots`. */
export const ONLINE = 'online';
export const TARGET = 'target';

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

/** The tfjs of a runtime, and what a step computes with it. */
export interface StepContext {
  readonly tf: TensorFlow;
  readonly config: DqnConfig;
  readonly signature: Signature;
  readonly packing: Packing;
}

/**
 * One update of DQN as a pure function of tensors: targets, loss, gradients, clipping, Adam, target network.
 *
 * @returns the changed state, and the outputs `tdErrors` (|δ| of each row) and `stats` (loss, mean Q of the actions
 * taken, global norm of the gradient before clipping).
 */
export function dqnStep(context: StepContext, state: TensorRecord, given: TensorRecord): StepResult {
  const { tf, config } = context;
  const inputs = given as StepInputs;
  const targets = bootstrapTargets(context, state, inputs);

  let taken!: Tensor;
  const lossOf = (online: Tensor) => {
    const q = valuesBy(context, online, inputs.observations);
    // Kept: it is read after the end of the gradient's own scope.
    taken = tf.keep(valueAt(tf, q, inputs.actions));
    return tf.mean(tf.mul(inputs.weights, rowLoss(tf, config.loss, tf.sub(targets, taken))));
  };
  const { value: loss, grad } = tf.valueAndGrad(lossOf)(state[ONLINE]);
  const tdErrors = tf.abs(tf.sub(targets, taken));
  const meanQ = tf.mean(taken);
  tf.dispose(taken);

  const gradientNorm = tf.sqrt(tf.sum(tf.square(grad)));
  const clip = config.gradientClip;
  // g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013).
  const gradient = clip === null ? grad : tf.mul(grad, tf.div(clip, tf.maximum(gradientNorm, clip)));
  const changed = adam(
    tf,
    state,
    { [ONLINE]: gradient },
    { learningRate: inputs.learningRate, epsilon: config.adamEpsilon },
  );
  // As a weighted sum, a mix of 0 keeps θ⁻ and a mix of 1 copies θ to the bit.
  changed[TARGET] = tf.add(
    tf.mul(changed[ONLINE], inputs.targetMix),
    tf.mul(state[TARGET], tf.sub(1, inputs.targetMix)),
  );
  return { state: changed, outputs: { tdErrors, stats: tf.stack([loss, meanQ, gradientNorm]) } };
}

/**
 * r + γ·Q(s′, a′; θ⁻), where a′ = argmax Q(s′, ·; θ) for double Q-learning (van Hasselt et al., 2016, equation 4)
 * and argmax Q(s′, ·; θ⁻) otherwise (Mnih et al., 2015).
 */
function bootstrapTargets(
  context: StepContext,
  state: TensorRecord,
  { nextObservations, returns, discounts }: StepInputs,
): Tensor {
  const { tf, config } = context;
  const values = valuesBy(context, state[TARGET], nextObservations);
  const bootstrap = config.doubleQ
    ? valueAt(tf, values, tf.argMax(valuesBy(context, state[ONLINE], nextObservations), 1))
    : tf.max(values, 1);
  return tf.add(returns, tf.mul(discounts, bootstrap));
}

/** Q(s, ·) by packed parameters. */
function valuesBy({ tf, config, signature, packing }: StepContext, packed: Tensor, observations: Tensor) {
  return forward(tf, config.network, signature, packing.split(tf, packed), observations);
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

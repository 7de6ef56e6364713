import type { DqnConfig } from '@qfleet/config';
import { forward, oneHot, type Packing, type Signature, stateDType, stateShape } from '@qfleet/networks';
import { adam, type InputSpec, type StepResult, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';

/** Names in the state: the packed parameters θ and the target network's θ⁻. Adam's slots follow `adamSlots`. */
export const ONLINE = 'online';
export const TARGET = 'target';

/** The inputs of an update: a batch of `rows` transitions, and the update's `Rates`. */
export function stepInputs(signature: Signature, rows: number) {
  const observations = {
    shape: [rows, ...stateShape(signature)],
    dtype: stateDType(signature),
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

  const chosen = oneHot(tf, inputs.actions, context.signature.actions);

  let taken!: Tensor;
  const lossOf = (online: Tensor) => {
    const q = valuesBy(context, online, inputs.observations);
    // Kept: it is read after the end of the gradient's own scope.
    taken = tf.keep(valueAt(tf, q, chosen));
    return meanLoss(tf, config.loss, q, chosen, targets, inputs.weights);
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
  const { tf, config, signature } = context;
  const values = valuesBy(context, state[TARGET], nextObservations);
  const best = () => tf.argMax(valuesBy(context, state[ONLINE], nextObservations), 1);
  const bootstrap = config.doubleQ
    ? valueAt(tf, values, oneHot(tf, best(), signature.actions))
    : tf.max(values, 1);
  return tf.add(returns, tf.mul(discounts, bootstrap));
}

/** Q(s, ·) by packed parameters. */
function valuesBy({ tf, config, signature, packing }: StepContext, packed: Tensor, observations: Tensor) {
  return forward(tf, config.network, signature, packing.split(tf, packed), observations);
}

/** Q(s, a) of each row: [B, actions] at one-hot actions. */
function valueAt(tf: TensorFlow, values: Tensor2D, chosen: Tensor2D): Tensor {
  return tf.sum(tf.mul(values, chosen), 1);
}

/**
 * The mean over a batch of each row's weight times its loss: of an error e, Huber's at δ = 1, ½e² within and |e| − ½
 * beyond (Huber, 1964), or e². With c = e cut to [−1, 1] that is c·(e − ½c) or e·e, and its derivative c or 2e: which
 * is given here, since tfjs's chain rule takes 30 operations to find it.
 *
 * @param q [rows, actions], by which it differentiates.
 * @param chosen the actions taken, one-hot.
 */
function meanLoss(
  tf: TensorFlow,
  loss: DqnConfig['loss'],
  q: Tensor2D,
  chosen: Tensor2D,
  targets: Tensor,
  weights: Tensor,
): Scalar {
  const lossOf = tf.customGrad((values, save) => {
    const errors = tf.sub(targets, valueAt(tf, values as Tensor2D, chosen));
    const slope = loss === 'huber' ? tf.clipByValue(errors, -1, 1) : tf.mul(errors, 2);
    (save as (tensors: Tensor[]) => void)([tf.mul(weights, slope)]);
    const losses = loss === 'huber' ? tf.mul(slope, tf.sub(errors, tf.mul(slope, 0.5))) : tf.square(errors);
    return {
      value: tf.mean(tf.mul(weights, losses)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        // As Q(s, a) rises, e falls.
        const gradient = tf.mul(saved[0], tf.div(tf.neg(dy), q.shape[0]));
        return tf.mul(tf.expandDims(gradient, 1), chosen);
      },
    };
  });
  return lossOf(q) as Scalar;
}

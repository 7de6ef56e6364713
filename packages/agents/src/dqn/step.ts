import type { DqnConfig } from '@qfleet/config';
import { forward, oneHot, type Packing, type Signature, stateDType, stateShape } from '@qfleet/networks';
import { adam, type InputSpec, type StepResult, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { lossOfValues, valueAt } from './loss.ts';

/** Names in the state, before those of a `Packing`: the parameters θ and the target network's θ⁻. */
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
    stepSize: { shape: [] },
    epsilon: { shape: [] },
    targetMix: { shape: [] },
    targetKeep: { shape: [] },
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
 * @returns the changed state, and the outputs `errors` (δ of each row), `taken` (Q of the action taken in it) and
 * `gradientNorm` (global, before clipping).
 */
export function dqnStep(context: StepContext, state: TensorRecord, given: TensorRecord): StepResult {
  const { tf, config } = context;
  const inputs = given as StepInputs;
  const targets = bootstrapTargets(context, state, inputs);

  const chosen = oneHot(tf, inputs.actions, context.signature.actions);

  const names = context.packing.names.map((name) => `${ONLINE}/${name}`);
  let taken!: Tensor;
  const lossOf = (...online: Tensor[]) => {
    const q = valuesBy(context, online, inputs.observations);
    // Kept: it is read after the end of the gradient's own scope.
    taken = tf.keep(valueAt(tf, q, chosen));
    return lossOfValues(tf, config.loss, q, chosen, targets, inputs.weights);
  };
  const gradients = tf.grads(lossOf)(names.map((name) => state[name]));
  const errors = tf.sub(targets, taken);
  const outputs = { errors, taken: tf.clone(taken) };
  tf.dispose(taken);

  const gradientNorm = tf.sqrt(tf.addN(gradients.map((each) => tf.sum(tf.square(each)))));
  const clip = config.gradientClip;
  // g·c/max(‖g‖, c): unchanged up to a global norm of c (Pascanu et al., 2013).
  const factor = clip === null ? null : tf.div(clip, tf.maximum(gradientNorm, clip));
  const clipped = gradients.map((each) => (factor === null ? each : tf.mul(each, factor)));
  const changed = adam(tf, state, Object.fromEntries(names.map((name, i) => [name, clipped[i]])), inputs);
  for (const name of context.packing.names) {
    changed[`${TARGET}/${name}`] = tf.add(
      tf.mul(changed[`${ONLINE}/${name}`], inputs.targetMix),
      tf.mul(state[`${TARGET}/${name}`], inputs.targetKeep),
    );
  }
  return { state: changed, outputs: { ...outputs, gradientNorm } };
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
  const { tf, config, signature, packing } = context;
  const parameters = (of: string) => packing.names.map((name) => state[`${of}/${name}`]);
  const values = valuesBy(context, parameters(TARGET), nextObservations);
  const best = () => tf.argMax(valuesBy(context, parameters(ONLINE), nextObservations), 1);
  const bootstrap = config.doubleQ
    ? valueAt(tf, values, oneHot(tf, best(), signature.actions))
    : tf.max(values, 1);
  return tf.add(returns, tf.mul(discounts, bootstrap));
}

/** Q(s, ·) by the parameters in the tensors of a packing. */
function valuesBy(context: StepContext, parameters: readonly Tensor[], observations: Tensor) {
  const { tf, config, signature, packing } = context;
  return forward(tf, config.network, signature, packing.split(tf, parameters), observations);
}

import { crossEntropy, stopGradient, type TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { allowed } from '../objectives/per-action.ts';

/** What a network gives of a batch's states. */
export interface StateValues {
  /** The language model's, float32 [states, vocabulary]. */
  readonly logits: Tensor2D;
  /** Q(s, ·) of each head, [states, vocabulary]; none where no values are learned. */
  readonly q: readonly Tensor2D[];
  /** V(s), [states]; absent: there is no such head. */
  readonly v?: Tensor1D | undefined;
}

/** The tokens of a batch that are trained on: the tensors of `DialogueSteps`, whose first states are these. */
export interface StepTensors {
  readonly actions: Tensor1D;
  readonly returns: Tensor1D;
  readonly discounts: Tensor1D;
  readonly next: Tensor1D;
  readonly weights: Tensor1D;
  /** [states, vocabulary]; absent: all tokens are legal. */
  readonly legal?: Tensor2D | undefined;
}

/** The rows of states in which the tokens were chosen. */
const chosenIn = (tf: TensorFlow, x: Tensor2D, { actions }: StepTensors): Tensor2D =>
  tf.slice(x, [0, 0], [actions.shape[0], x.shape[1]]);

/** Q(s, a) of each token: [states, vocabulary] at the tokens chosen. */
export function atActions(tf: TensorFlow, values: Tensor2D, steps: StepTensors): Tensor1D {
  const count = steps.actions.shape[0];
  const places = tf.stack([tf.range(0, count, 1, 'int32'), steps.actions], 1);
  return tf.gatherND(values, places) as Tensor1D;
}

/** Σ weight·x. The weights hold the division by how many tokens count. */
const weighted = (tf: TensorFlow, x: Tensor, { weights }: StepTensors): Scalar =>
  tf.sum(tf.mul(weights, x)) as Scalar;

/** −ln p of each token under softmax(scores) over what is legal, [actions]. */
export function surprises(tf: TensorFlow, scores: Tensor2D, steps: StepTensors): Tensor1D {
  const legal = steps.legal && chosenIn(tf, steps.legal, steps);
  return crossEntropy(tf, allowed(tf, chosenIn(tf, scores, steps), legal) as Tensor2D, steps.actions);
}

/** The cross-entropy of the agent's tokens: supervised fine-tuning. */
export const languageLoss = (tf: TensorFlow, { logits }: StateValues, steps: StepTensors): Scalar =>
  weighted(tf, surprises(tf, logits, steps), steps);

/**
 * KL(π_ref ‖ π) of the language model from a reference, which is constant: Σ π_ref·ln(π_ref/π) over what is legal in the states in
 * which tokens were chosen (Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015).
 *
 * @param reference the other model's logits of the same states, [states, vocabulary].
 */
export function referenceLoss(
  tf: TensorFlow,
  { logits }: StateValues,
  reference: Tensor2D,
  steps: StepTensors,
): Scalar {
  const legal = steps.legal && chosenIn(tf, steps.legal, steps);
  const logs = (x: Tensor2D) => tf.logSoftmax(allowed(tf, chosenIn(tf, x, steps), legal));
  const there = logs(reference);
  // What is not legal has no chance in either: 0, whatever its logarithms are.
  const each = tf.mul(tf.exp(there), tf.sub(there, logs(logits)));
  return weighted(tf, tf.sum(each, 1), steps);
}

/** The lesser of the heads: min(Q₁, Q₂)(s, ·), [states, vocabulary]. */
const least = (tf: TensorFlow, q: readonly Tensor2D[]): Tensor2D =>
  q.reduce((lesser, each) => tf.minimum(lesser, each));

/** r + γV(s′), [actions], with V of each state. */
export function bootstrapped(
  tf: TensorFlow,
  v: Tensor1D,
  { returns, discounts, next }: StepTensors,
): Tensor1D {
  return tf.add(returns, tf.mul(discounts, tf.gather(v, next)));
}

/** The language model's `most` likeliest tokens among the legal ones, [states, vocabulary]: 1 for these; of equal ones, all. */
export function likeliestTokens(
  tf: TensorFlow,
  logits: Tensor2D,
  most: number | null,
  legal: Tensor2D | undefined,
): Tensor2D | undefined {
  const [states, vocabulary] = logits.shape;
  if (most === null || most >= vocabulary) return legal;
  const scores = allowed(tf, logits, legal) as Tensor2D;
  const least = tf.slice(tf.topk(scores, most).values, [0, most - 1], [states, 1]);
  const likeliest = tf.greaterEqual(scores, least) as Tensor2D;
  // Where fewer are legal, all that are not tie for the last place.
  return legal === undefined ? likeliest : tf.logicalAnd(likeliest, tf.cast(legal, 'bool'));
}

/**
 * What DQN bootstraps from in each state, [states]: Q⁻ of the token that is greedy among `choices`, by the network that learns
 * (double Q-learning, van Hasselt et al., 2016, equation 4) or by the target network. Of two heads the lesser counts, for the
 * choice and for the value (Fujimoto, van Hoof and Meger, "Addressing function approximation error", 2018).
 *
 * @param choices [states, vocabulary]; absent: all tokens.
 */
export function greedyValues(
  tf: TensorFlow,
  online: readonly Tensor2D[],
  target: readonly Tensor2D[],
  doubleQ: boolean,
  choices: Tensor2D | undefined,
): Tensor1D {
  const values = least(tf, target);
  const chooser = doubleQ ? least(tf, online) : values;
  // With a gradient of its own, since a choice has none.
  const greedy = tf.customGrad((...inputs) => {
    const [chosenBy] = inputs as unknown as [Tensor2D];
    const best = tf.argMax(allowed(tf, chosenBy, choices), 1);
    const places = tf.stack([tf.range(0, values.shape[0], 1, 'int32'), tf.cast(best, 'int32')], 1);
    return { value: tf.gatherND(values, places), gradFunc: () => tf.zeros(chooser.shape) };
  });
  return greedy(chooser) as Tensor1D;
}

/** Half the squared error, or Huber's: ½e² within ±κ, κ(|e| − ½κ) beyond. */
export type ValueLoss = { readonly kind: 'mse' } | { readonly kind: 'huber'; readonly kappa: number };

/** The loss of Q(s, a) of each head towards targets that are constant, added up over heads. */
export function valueLoss(
  tf: TensorFlow,
  loss: ValueLoss,
  q: readonly Tensor2D[],
  targets: Tensor1D,
  steps: StepTensors,
): Scalar {
  const each = q.map((head) => {
    const errors = tf.sub(targets, atActions(tf, head, steps));
    if (loss.kind === 'mse') return tf.mul(tf.square(errors), 0.5);
    const size = tf.abs(errors);
    const within = tf.minimum(size, loss.kappa);
    return tf.add(tf.mul(tf.square(within), 0.5), tf.mul(tf.sub(size, within), loss.kappa));
  });
  return weighted(tf, tf.addN(each), steps);
}

/**
 * Expectile regression of V(s) towards Q̄ = min(Q₁⁻, Q₂⁻)(s, a), which is constant: |τ − 1(Q̄ < V)|·½(Q̄ − V)² (Kostrikov, Nair
 * and Levine, "Offline reinforcement learning with implicit Q-learning", 2022, equation 5).
 */
export function expectileLoss(
  tf: TensorFlow,
  expectile: number,
  v: Tensor1D,
  targetQ: readonly Tensor2D[],
  steps: StepTensors,
): Scalar {
  const q = atActions(tf, least(tf, targetQ), steps);
  const errors = tf.sub(q, tf.slice(v, 0, steps.actions.shape[0]));
  const above = tf.greaterEqual(errors, 0);
  const factors = tf.where(above, tf.fill(errors.shape, expectile), tf.fill(errors.shape, 1 - expectile));
  return weighted(tf, tf.mul(stopGradient(tf, factors), tf.mul(tf.square(errors), 0.5)), steps);
}

/**
 * Conservative Q-learning over the vocabulary: ln Σ exp Q(s, ·) − Q(s, a) over what is legal, added up over heads (Kumar et al., 2020,
 * equation 4), which is the cross-entropy of softmax(Q).
 */
export const conservativeLoss = (tf: TensorFlow, q: readonly Tensor2D[], steps: StepTensors): Scalar =>
  weighted(tf, tf.addN(q.map((head) => surprises(tf, head, steps))), steps);

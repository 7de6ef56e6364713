import type { TokenQConfig } from '@qfleet/config';
import { stopGradient, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { ObjectiveLoss } from '../objectives/objective.ts';
import {
  atActions,
  bootstrapped,
  conservativeLoss,
  expectileLoss,
  greedyValues,
  languageLoss,
  likeliestTokens,
  referenceLoss,
  type StateValues,
  type StepTensors,
  surprises,
  type ValueLoss,
  valueLoss,
} from './losses.ts';

/** The fields of a configuration that its loss follows from. */
export type TokenLossConfig = Pick<
  TokenQConfig,
  'objective' | 'languageWeight' | 'reference' | 'cql' | 'valueLoss' | 'huberKappa' | 'twin' | 'among'
>;

/** Whether an objective reads values of the network that follows. */
export const hasTarget = ({ objective }: Pick<TokenQConfig, 'objective'>): boolean =>
  objective.kind === 'ilql' || objective.kind === 'dqn';

/** What a network gives of states, by the names of its heads. */
export const stateValues = (tf: TensorFlow, out: TensorRecord): StateValues => ({
  logits: out['logits'] as Tensor2D,
  q: (['q1', 'q2'] as const).flatMap((name) => (out[name] ? [out[name] as Tensor2D] : [])),
  v: out['v'] && (tf.reshape(out['v'], [-1]) as Tensor1D),
});

/** What Q(s, a) is to become, [actions]; no gradient flows into it. */
function targetsOf(
  tf: TensorFlow,
  { objective, among }: TokenLossConfig,
  online: StateValues,
  target: StateValues | null,
  steps: StepTensors,
): Tensor1D {
  switch (objective.kind) {
    case 'sft':
    case 'mc':
      return steps.returns;
    case 'ilql':
      return stopGradient(tf, bootstrapped(tf, online.v!, steps)) as Tensor1D;
    case 'dqn': {
      // Only what actors may choose: the values of tokens that are never tried mean nothing.
      const choices = likeliestTokens(tf, target!.logits, among, steps.legal);
      const values = greedyValues(tf, online.q, target!.q, objective.doubleQ, choices);
      return stopGradient(tf, bootstrapped(tf, values, steps)) as Tensor1D;
    }
  }
}

/** What the networks beside the one that learns give of its states. */
export interface OtherNetworks {
  /** The network that follows; null: its objective reads none. */
  readonly target: StateValues | null;
  /** The language model that this one is kept near; null: there is none. */
  readonly reference: StateValues | null;
}

/** What is lost of a batch's tokens, and how much each is off: |Q target − Q| of the heads' mean, or −ln p. */
export function tokenLoss(
  tf: TensorFlow,
  config: TokenLossConfig,
  online: StateValues,
  others: OtherNetworks,
  steps: StepTensors,
): ObjectiveLoss {
  const { objective, languageWeight, cql, huberKappa } = config;
  const { target } = others;
  const language = languageLoss(tf, online, steps);
  if (objective.kind === 'sft') {
    const priorities = surprises(tf, online.logits, steps);
    return { loss: language, priorities, stats: { languageLoss: language } };
  }
  const kind: ValueLoss =
    config.valueLoss === 'huber' ? { kind: 'huber', kappa: huberKappa } : { kind: 'mse' };
  const targets = targetsOf(tf, config, online, target, steps);
  const terms: Tensor[] = [valueLoss(tf, kind, online.q, targets, steps)];
  if (objective.kind === 'ilql')
    terms.push(expectileLoss(tf, objective.expectile, online.v!, target!.q, steps));
  if (cql !== null) terms.push(tf.mul(conservativeLoss(tf, online.q, steps), cql.alpha));
  if (languageWeight > 0) terms.push(tf.mul(language, languageWeight));
  const kept = others.reference && referenceLoss(tf, online, others.reference.logits, steps);
  if (kept) terms.push(tf.mul(kept, config.reference!.weight));
  const taken = online.q.map((head) => atActions(tf, head, steps));
  const q = tf.div(tf.addN(taken), taken.length);
  // Weights are divided by the count of tokens, unless some sequences weigh less.
  const meanOf = (x: Tensor) =>
    tf.div(tf.sum(tf.mul(steps.weights, x)), tf.maximum(tf.sum(steps.weights), 1e-9));
  return {
    loss: tf.addN(terms) as Scalar,
    priorities: tf.abs(tf.sub(targets, q)),
    stats: { languageLoss: language, ...(kept && { referenceKl: kept }), meanQ: meanOf(q) },
  };
}

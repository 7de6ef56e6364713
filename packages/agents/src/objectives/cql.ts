import { oneHot } from '@qfleet/networks';
import type { TensorFlow } from '@qfleet/tensor';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { Objective } from './objective.ts';
import { allowed, valueAt } from './per-action.ts';

/**
 * Conservative Q-learning as a term of any objective's loss: α·(ln Σ exp Q(s, ·) − Q(s, a)) of each row, over the allowed
 * actions (Kumar, Zhou, Tucker and Levine, "Conservative Q-learning for offline reinforcement learning", 2020, equation 4).
 * Q is the mean where the objective is distributional.
 */
export function withCql(objective: Objective, alpha: number): Objective {
  return {
    ...objective,
    reads: [...new Set([...objective.reads, 'masks' as const])],
    loss(context, out, targets, batch) {
      const { tf, actions } = context;
      const said = objective.loss(context, out, targets, batch);
      const values = objective.values(tf, out);
      const taken = valueAt(tf, values, oneHot(tf, batch.actions, actions));
      const gaps = tf.sub(logSumExp(tf, values, batch.masks), taken);
      const term = tf.mean(tf.mul(batch.weights, gaps));
      return {
        ...said,
        loss: tf.add(said.loss, tf.mul(term, alpha)) as Scalar,
        stats: { ...said.stats, cqlGap: tf.mean(gaps) },
      };
    },
  };
}

/** ln Σ exp of each row's allowed values, [rows]. */
function logSumExp(tf: TensorFlow, values: Tensor, masks: Tensor | undefined): Tensor {
  return tf.logSumExp(allowed(tf, values, masks), 1);
}

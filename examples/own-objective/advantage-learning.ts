import { createObjective, findEnvironment, registerObjective } from 'qfleet';

/**
 * Advantage learning: DQN's target less α·(max Q(s, ·; θ⁻) − Q(s, a; θ⁻)), so that the values of actions that are not the best
 * lie further below it (Bellemare, Ostrovski, Guez, Thomas and Munos, "Increasing the action gap", 2016, equation 8).
 */
registerObjective('advantage-learning', (config, { alpha }) => {
  if (typeof alpha !== 'number' || alpha < 0 || alpha >= 1) {
    throw new Error('agent.objective.options.alpha has to be a number from 0 up to 1.');
  }
  const dqn = createObjective({ ...config, objective: { kind: 'expected' }, cql: null });
  return {
    ...dqn,
    // The masks of s: an action that is not allowed there is not the best.
    reads: [...new Set([...dqn.reads, 'masks' as const])],
    targets(context, online, target, batch) {
      const { tf } = context;
      const { returns, ...rest } = dqn.targets(context, online, target, batch);
      const values = target(batch.observations)['values'];
      const { masks } = batch;
      const allowed = masks === undefined ? values : tf.where(tf.cast(masks, 'bool'), values, -3e38);
      const taken = tf.sum(tf.mul(values, tf.oneHot(tf.cast(batch.actions, 'int32'), context.actions)), 1);
      const gap = tf.sub(tf.max(allowed, 1), taken);
      return { ...rest, returns: tf.sub(returns, tf.mul(gap, alpha)) };
    },
  };
});

export default findEnvironment('CartPole-v1');

import type { Tensor } from '@tensorflow/tfjs-core';
import {
  adam,
  type Inputs,
  initialSlots,
  type NamedTensors,
  type StepFunction,
  type TensorFlow,
  type TensorRecord,
} from '../src/index.ts';

/** A deterministic stand-in for a random generator, in [−0.5, 0.5). */
export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

/** The optimizer of `dqnUpdate`. */
export const optimizer = adam();

const SIZES = [4, 32, 32, 2];

function layers(prefix: string): NamedTensors {
  const next = noise(7);
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  SIZES.slice(1).forEach((outputs, i) => {
    const size = SIZES[i]! * outputs;
    tensors.set(`${prefix}/${i}/kernel`, {
      shape: [SIZES[i]!, outputs],
      data: Float32Array.from({ length: size }, next),
    });
    tensors.set(`${prefix}/${i}/bias`, {
      shape: [outputs],
      data: Float32Array.from({ length: outputs }, next),
    });
  });
  return tensors;
}

/** Online and target parameters and the optimizer's slots. */
export function dqnState(): NamedTensors {
  const online = layers('online');
  return new Map([...online, ...layers('target'), ...initialSlots(optimizer, online)]);
}

export const dqnInputs = {
  observations: { shape: [null, 4] },
  next: { shape: [null, 4] },
  actions: { shape: [null], dtype: 'int32' },
  rewards: { shape: [null] },
  stepSize: { shape: [] },
  epsilon: { shape: [] },
  tau: { shape: [] },
} as const;

/** The batch of update `seed`, counted from 0. */
export function dqnBatch(seed: number, rows = 16) {
  const next = noise(seed);
  return {
    observations: Float32Array.from({ length: rows * 4 }, next),
    next: Float32Array.from({ length: rows * 4 }, next),
    actions: Int32Array.from({ length: rows }, () => (next() > 0 ? 1 : 0)),
    rewards: Float32Array.from({ length: rows }, next),
    ...(optimizer.rates(seed + 1, 1e-3) as { stepSize: number; epsilon: number }),
    tau: 0.01,
  } satisfies Inputs;
}

export function forward(tf: TensorFlow, parameters: TensorRecord, prefix: string, x: Tensor): Tensor {
  let h = x;
  for (let i = 0; i < SIZES.length - 1; i++) {
    h = tf.add(tf.matMul(h, parameters[`${prefix}/${i}/kernel`]!), parameters[`${prefix}/${i}/bias`]!);
    if (i < SIZES.length - 2) h = tf.relu(h);
  }
  return h;
}

/** A full step of double DQN: Huber loss, Adam, soft update of the target. */
export function dqnUpdate(tf: TensorFlow): StepFunction {
  return (state, { observations, next, actions, rewards, stepSize, epsilon, tau }) => {
    const names = Object.keys(state).filter((each) => each.startsWith('online/'));
    const best = tf.oneHot(tf.argMax(forward(tf, state, 'online', next!), 1) as never, 2);
    const value = tf.sum(tf.mul(forward(tf, state, 'target', next!), best), 1);
    const targets = tf.add(rewards!, tf.mul(0.99, value));
    const taken = tf.oneHot(actions! as never, 2);
    const errors = (parameters: TensorRecord) =>
      tf.sub(tf.sum(tf.mul(forward(tf, parameters, 'online', observations!), taken), 1), targets);
    const loss = (...values: Tensor[]) => {
      const error = tf.abs(errors(Object.fromEntries(names.map((name, i) => [name, values[i]!]))));
      const quadratic = tf.minimum(error, 1);
      return tf.mean(tf.add(tf.mul(0.5, tf.square(quadratic)), tf.sub(error, quadratic)));
    };
    const { value: mean, grads } = tf.valueAndGrads(loss as never)(names.map((name) => state[name]!));
    const gradients = Object.fromEntries(names.map((name, i) => [name, grads[i]!]));
    const changed = optimizer.apply(tf, state, gradients, { stepSize: stepSize!, epsilon: epsilon! });
    for (const name of names) {
      const target = name.replace('online', 'target');
      changed[target] = tf.add(state[target]!, tf.mul(tau!, tf.sub(changed[name]!, state[target]!)));
    }
    return { state: changed, outputs: { loss: mean, errors: errors(state) } };
  };
}

/** The largest difference between two states. */
export function distance(a: NamedTensors, b: NamedTensors): number {
  let worst = 0;
  for (const [name, { data }] of a) {
    data.forEach((each, i) => {
      worst = Math.max(worst, Math.abs(each - b.get(name)!.data[i]!));
    });
  }
  return worst;
}

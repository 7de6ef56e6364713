import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { recordFusion } from './compile/trace.ts';
import type { TensorRecord } from './compile/types.ts';
import type { NamedTensors } from './named-tensors.ts';
import type { TensorFlow } from './runtime.ts';

/** The hyper-parameters of Adam. The learning rate is a tensor, so that it may be an input. */
export interface AdamOptions {
  readonly learningRate: Scalar | Tensor;
  /** 0.9 where absent. */
  readonly beta1?: number;
  /** 0.999 where absent. */
  readonly beta2?: number;
  /** 1e-8 where absent. */
  readonly epsilon?: number;
}

const STEP = 'adam/step';
const first = (name: string) => `adam/m/${name}`;
const second = (name: string) => `adam/v/${name}`;

/** The slots that `adam` keeps for parameters, at their beginning: what to add to the state. */
export function adamSlots(parameters: NamedTensors): NamedTensors {
  const zeros = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => ({
    shape,
    data: new Float32Array(data.length),
  });
  return new Map([
    [STEP, { shape: [], data: new Float32Array(1) }],
    ...[...parameters].map(([name, each]) => [first(name), zeros(each)] as const),
    ...[...parameters].map(([name, each]) => [second(name), zeros(each)] as const),
  ]);
}

/**
 * One update of Adam (Kingma & Ba 2015, algorithm 1) as a pure function: from the state (parameters and the slots of
 * `adamSlots`) and the gradients by parameter name to the entries that change. Traced, it is one op a parameter.
 *
 * p ← p − α·m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ); written with α' = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and
 * ε' = ε·√(1 − β₂ᵗ) (the paper's section 2), which is the same and costs two scalars instead of two tensors.
 */
export function adam(
  tf: TensorFlow,
  state: TensorRecord,
  gradients: TensorRecord,
  options: AdamOptions,
): Record<string, Tensor> {
  // As float32, in which the library's op computes 1 − β too: in double, the two would drift apart.
  const beta1 = Math.fround(options.beta1 ?? 0.9);
  const beta2 = Math.fround(options.beta2 ?? 0.999);
  const step = tf.add(state[STEP]!, 1);
  // 1 − βᵗ = −expm1(t·ln β), which keeps its digits where βᵗ is near 1.
  const correction = (beta: number) => tf.neg(tf.expm1(tf.mul(step, Math.log(beta))));
  const root = tf.sqrt(correction(beta2));
  const stepSize = tf.div(tf.mul(options.learningRate, root), correction(beta1));
  const epsilon = tf.mul(root, options.epsilon ?? 1e-8);
  const changed: Record<string, Tensor> = { [STEP]: step };
  for (const [name, gradient] of Object.entries(gradients)) {
    const [p, m, v] = [state[name]!, state[first(name)]!, state[second(name)]!];
    const newM = tf.add(m, tf.mul(tf.sub(gradient, m), Math.fround(1 - beta1)));
    const newV = tf.add(v, tf.mul(tf.sub(tf.square(gradient), v), Math.fround(1 - beta2)));
    const newP = tf.sub(p, tf.div(tf.mul(newM, stepSize), tf.add(tf.sqrt(newV), epsilon)));
    recordFusion('Adam', [p, m, v, gradient, stepSize, epsilon], [newP, newM, newV], { beta1, beta2 });
    changed[name] = newP;
    changed[first(name)] = newM;
    changed[second(name)] = newV;
  }
  return changed;
}

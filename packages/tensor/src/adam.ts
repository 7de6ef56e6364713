import type { Tensor } from '@tensorflow/tfjs-core';
import { recordFusion } from './compile/trace.ts';
import type { TensorRecord } from './compile/types.ts';
import type { NamedTensors } from './named-tensors.ts';
import type { TensorFlow } from './runtime.ts';

/** The hyper-parameters of Adam. */
export interface AdamOptions {
  readonly learningRate: number;
  /** 0.9 where absent. */
  readonly beta1?: number;
  /** 0.999 where absent. */
  readonly beta2?: number;
  /** 1e-8 where absent. */
  readonly epsilon?: number;
}

const first = (name: string) => `adam/m/${name}`;
const second = (name: string) => `adam/v/${name}`;

/** The names of the slots that `adam` keeps for a parameter, or before those of several: of its moments m and v. */
export const adamSlotNames = (name: string): readonly [string, string] => [first(name), second(name)];

/** The slots that `adam` keeps for parameters, at their beginning: what to add to the state. */
export function adamSlots(parameters: NamedTensors): NamedTensors {
  const zeros = ({ shape, data }: { shape: readonly number[]; data: Float32Array }) => ({
    shape,
    data: new Float32Array(data.length),
  });
  return new Map([
    ...[...parameters].map(([name, each]) => [first(name), zeros(each)] as const),
    ...[...parameters].map(([name, each]) => [second(name), zeros(each)] as const),
  ]);
}

/**
 * What `adam` is given at update number `t`, counted from 1: α′ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and ε′ = ε·√(1 − β₂ᵗ), the
 * bias corrections as two numbers instead of two tensors (Kingma & Ba 2015, section 2).
 */
export function adamRates(t: number, options: AdamOptions): { stepSize: number; epsilon: number } {
  // 1 − βᵗ = −expm1(t·ln β), which keeps its digits where βᵗ is near 1.
  const correction = (beta: number) => -Math.expm1(t * Math.log(beta));
  const { beta1, beta2 } = betasOf(options);
  const root = Math.sqrt(correction(beta2));
  return {
    stepSize: (options.learningRate * root) / correction(beta1),
    epsilon: (options.epsilon ?? 1e-8) * root,
  };
}

/**
 * One update of Adam (Kingma & Ba 2015, algorithm 1) as a pure function: from the state (parameters and the slots of
 * `adamSlots`) and the gradients by parameter name to the entries that change. Traced, it is one op a parameter.
 *
 * p ← p − α·m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ); with α′ and ε′ of `adamRates`, scalars that change
 * from update to update and so are inputs, it is p ← p − α′·m / (√v + ε′).
 */
export function adam(
  tf: TensorFlow,
  state: TensorRecord,
  gradients: TensorRecord,
  { stepSize, epsilon }: { readonly stepSize: Tensor; readonly epsilon: Tensor },
  options: Pick<AdamOptions, 'beta1' | 'beta2'> = {},
): Record<string, Tensor> {
  const { beta1, beta2 } = betasOf(options);
  const changed: Record<string, Tensor> = {};
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

/** As float32, in which the library's op computes 1 − β too: in double, the two would drift apart. */
function betasOf({ beta1 = 0.9, beta2 = 0.999 }: Pick<AdamOptions, 'beta1' | 'beta2'>) {
  return { beta1: Math.fround(beta1), beta2: Math.fround(beta2) };
}

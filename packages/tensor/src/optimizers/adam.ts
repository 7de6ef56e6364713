import type { Tensor } from '@tensorflow/tfjs-core';
import { recordFusion } from '../compile/trace.ts';
import type { TensorRecord } from '../compile/types.ts';
import type { TensorFlow } from '../runtime.ts';
import type { Optimizer } from './optimizer.ts';

/** The hyper-parameters of Adam beside the learning rate. */
export interface AdamOptions {
  /** 0.9 where absent. */
  readonly beta1?: number;
  /** 0.999 where absent. */
  readonly beta2?: number;
  /** Added to √v̂; 1e-8 where absent. */
  readonly epsilon?: number;
  /** λ of p ← p − α·λ·p, apart from the gradient (AdamW: Loshchilov & Hutter 2019); 0 where absent. */
  readonly weightDecay?: number;
  /** What of a parameter of that name decays; absent: everything does. */
  readonly decays?: (parameter: string) => Decays;
}

/** All of a tensor decays, or nothing, or what a mask says, which has 1 for what does and else 0. */
export type Decays = boolean | { readonly shape: readonly number[]; readonly data: Float32Array };

/**
 * Adam (Kingma & Ba 2015, algorithm 1), and AdamW where there is a weight decay.
 *
 * p ← p − α·m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). The bias corrections are two numbers instead of two
 * tensors (section 2): with α′ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ) and ε′ = ε·√(1 − β₂ᵗ) it is p ← p − α′·m / (√v + ε′).
 * Traced, Adam is one op a parameter, and AdamW two.
 *
 * @example
 * registerOptimizer('decaying', ({ weightDecay = 0.01 }) => adam({ weightDecay: Number(weightDecay) }));
 * adam().slotNames('w'); // → ['adam/m/w', 'adam/v/w']
 */
export function adam(options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, decays = () => true } = options;
  // As float32, in which the library's op computes 1 − β too: in double, the two would drift apart.
  const betas = { beta1: Math.fround(beta1), beta2: Math.fround(beta2) };
  const slotNames = (name: string): readonly [string, string] => [`adam/m/${name}`, `adam/v/${name}`];
  return {
    slotNames,
    rates(t, learningRate) {
      // 1 − βᵗ = −expm1(t·ln β), which keeps its digits where βᵗ is near 1.
      const correction = (beta: number) => -Math.expm1(t * Math.log(beta));
      const root = Math.sqrt(correction(betas.beta2));
      return {
        stepSize: (learningRate * root) / correction(betas.beta1),
        epsilon: epsilon * root,
        ...(weightDecay === 0 ? {} : { keep: 1 - learningRate * weightDecay }),
      };
    },
    apply(tf, state, gradients, rates) {
      const changed: Record<string, Tensor> = {};
      for (const [name, gradient] of Object.entries(gradients)) {
        const [first, second] = slotNames(name);
        const moments = [state[first]!, state[second]!] as const;
        const keep = keptShare(tf, decays(name), rates);
        const after = adamStep(tf, state[name]!, moments, gradient, rates, betas, keep);
        [changed[name], changed[first], changed[second]] = after;
      }
      return changed;
    },
  };
}

/** What a parameter is multiplied by before the step; null: nothing of it decays. */
function keptShare(tf: TensorFlow, decays: Decays, { keep }: TensorRecord): Tensor | null {
  if (keep === undefined || decays === false) return null;
  if (decays === true) return keep;
  const mask = tf.tensor(decays.data, [...decays.shape]);
  // Exactly `keep` or 1.
  return tf.add(tf.mul(mask, keep), tf.sub(1, mask));
}

/**
 * The new parameter and moments: m ← m + (1 − β₁)(g − m), v ← v + (1 − β₂)(g² − v), p ← p − stepSize·m/(√v + epsilon), by the
 * rates of these names.
 *
 * @param keep what the parameter is multiplied by before that, broadcast to its shape; null: nothing.
 */
export function adamStep(
  tf: TensorFlow,
  parameter: Tensor,
  [m, v]: readonly [Tensor, Tensor],
  gradient: Tensor,
  rates: TensorRecord,
  betas: { readonly beta1: number; readonly beta2: number },
  keep: Tensor | null = null,
): [Tensor, Tensor, Tensor] {
  const stepSize = rates['stepSize']!;
  const epsilon = rates['epsilon']!;
  const newM = tf.add(m, tf.mul(tf.sub(gradient, m), Math.fround(1 - betas.beta1)));
  const newV = tf.add(v, tf.mul(tf.sub(tf.square(gradient), v), Math.fround(1 - betas.beta2)));
  const kept = keep === null ? parameter : tf.mul(parameter, keep);
  const newP = tf.sub(kept, tf.div(tf.mul(newM, stepSize), tf.add(tf.sqrt(newV), epsilon)));
  const given = [parameter, m, v, gradient, stepSize, epsilon, ...(keep === null ? [] : [keep])];
  recordFusion('Adam', given, [newP, newM, newV], betas);
  return [newP, newM, newV];
}

import type { Tensor } from '@tensorflow/tfjs-core';
import { adamStep } from './adam.ts';
import type { Optimizer } from './optimizer.ts';

/** The hyper-parameters of RAdam beside the learning rate. */
export interface RadamOptions {
  /** 0.9 where absent. */
  readonly beta1?: number;
  /** 0.999 where absent. */
  readonly beta2?: number;
  /** Added to √v; 1e-8 where absent. */
  readonly epsilon?: number;
}

/** The length of the moving average's approximation above which its variance is tractable, as PyTorch has it. */
const TRACTABLE = 5;

/**
 * The ε with which Adam's step is plain momentum: α·ε·m/(√v + ε) = α·m for every √v that float32 rounds away beside it. A
 * power of two, so that it scales exactly.
 */
const PLAIN = 2 ** 40;

/**
 * RAdam (Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020, algorithm 2), as PyTorch has it: Adam
 * whose step is multiplied by r = √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)), with ρ∞ = 2/(1 − β₂) − 1 and ρ = ρ∞ −
 * 2t·β₂ᵗ/(1 − β₂ᵗ), and which is plain momentum, p ← p − α·m̂, while ρ is at most 5. Traced, it is one op a parameter, as Adam is.
 */
export function radam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: RadamOptions = {}): Optimizer {
  // As float32, in which the library's op computes 1 − β too.
  const betas = { beta1: Math.fround(beta1), beta2: Math.fround(beta2) };
  const longest = 2 / (1 - beta2) - 1;
  const slotNames = (name: string): readonly [string, string] => [`radam/m/${name}`, `radam/v/${name}`];
  return {
    slotNames,
    rates(t, learningRate) {
      // 1 − βᵗ = −expm1(t·ln β), which keeps its digits where βᵗ is near 1.
      const correction = (beta: number) => -Math.expm1(t * Math.log(beta));
      const plainStep = learningRate / correction(betas.beta1);
      const length = longest - (2 * t * beta2 ** t) / correction(beta2);
      if (length <= TRACTABLE) return { stepSize: plainStep * PLAIN, epsilon: PLAIN };
      const rectification = Math.sqrt(
        ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length),
      );
      return { stepSize: plainStep * Math.sqrt(correction(betas.beta2)) * rectification, epsilon };
    },
    apply(tf, state, gradients, rates) {
      const changed: Record<string, Tensor> = {};
      for (const [name, gradient] of Object.entries(gradients)) {
        const [first, second] = slotNames(name);
        const moments = [state[first]!, state[second]!] as const;
        const after = adamStep(tf, state[name]!, moments, gradient, rates, betas);
        [changed[name], changed[first], changed[second]] = after;
      }
      return changed;
    },
  };
}

import type { Tensor } from '@tensorflow/tfjs-core';
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
 * RAdam (Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020, algorithm 2), as PyTorch has it: Adam
 * whose step is multiplied by r = √((ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)), with ρ∞ = 2/(1 − β₂) − 1 and ρ = ρ∞ −
 * 2t·β₂ᵗ/(1 − β₂ᵗ), and which is plain momentum, p ← p − α·m̂, while ρ is at most 5.
 */
export function radam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: RadamOptions = {}): Optimizer {
  const longest = 2 / (1 - beta2) - 1;
  const slotNames = (name: string): readonly [string, string] => [`radam/m/${name}`, `radam/v/${name}`];
  return {
    slotNames,
    rates(t, learningRate) {
      // 1 − βᵗ = −expm1(t·ln β), which keeps its digits where βᵗ is near 1.
      const correction = (beta: number) => -Math.expm1(t * Math.log(beta));
      const plainStep = learningRate / correction(beta1);
      const length = longest - (2 * t * beta2 ** t) / correction(beta2);
      if (length <= TRACTABLE) return { plainStep, scaledStep: 0 };
      const rectification = Math.sqrt(
        ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length),
      );
      return { plainStep: 0, scaledStep: plainStep * Math.sqrt(correction(beta2)) * rectification };
    },
    apply(tf, state, gradients, rates) {
      const changed: Record<string, Tensor> = {};
      for (const [name, gradient] of Object.entries(gradients)) {
        const [first, second] = slotNames(name);
        const [m, v] = [state[first]!, state[second]!];
        const newM = tf.add(m, tf.mul(tf.sub(gradient, m), 1 - beta1));
        const newV = tf.add(v, tf.mul(tf.sub(tf.square(gradient), v), 1 - beta2));
        const scale = tf.div(rates['scaledStep']!, tf.add(tf.sqrt(newV), epsilon));
        changed[name] = tf.sub(state[name]!, tf.mul(newM, tf.add(rates['plainStep']!, scale)));
        changed[first] = newM;
        changed[second] = newV;
      }
      return changed;
    },
  };
}

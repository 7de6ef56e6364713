import type { Random } from '@qfleet/random';
import { argmax, uniformAction } from './allowed.ts';
import type { Selector } from './selector.ts';

/**
 * The Boltzmann policy: π(a | s) ∝ exp(Q(s, a)/τ) over the allowed actions, and with probability ε uniform.
 *
 * @param temperature τ, above 0: towards 0 it is greedy, towards infinity uniform.
 */
export function softmax(temperature: number): Selector {
  let weights = new Float64Array(0);
  return (values, width, { count, masks, epsilons, random, actions }) => {
    if (weights.length < width) weights = new Float64Array(width);
    for (let row = 0; row < count; row++) {
      const epsilon = epsilons[row];
      const start = row * width;
      const explores = epsilon > 0 && random.uniform() < epsilon;
      actions[row] = explores
        ? uniformAction(width, random, masks, start)
        : draw(values, start, width, temperature, masks, weights, random);
    }
  };
}

function draw(
  values: Float32Array,
  start: number,
  width: number,
  temperature: number,
  masks: Uint8Array | null,
  weights: Float64Array,
  random: Random,
): number {
  const best = argmax(values, start, width, masks);
  // Relative to the largest: its weight is 1, and no other overflows.
  const largest = values[start + best];
  let sum = 0;
  for (let a = 0; a < width; a++) {
    const allowed = masks === null || masks[start + a] !== 0;
    weights[a] = allowed ? Math.exp((values[start + a] - largest) / temperature) : 0;
    sum += weights[a];
  }
  let left = random.uniform() * sum;
  for (let a = 0; a < width; a++) {
    left -= weights[a];
    if (left < 0) return a;
  }
  // Rounding has left a rest, or a value is not a number.
  return best;
}

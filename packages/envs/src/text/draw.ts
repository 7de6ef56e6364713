import type { Random } from '@qfleet/random';

/** A uniformly drawn element. */
export const pick = <T>(list: readonly T[], random: Random): T => list[random.integer(list.length)];

/** A place, drawn with the probabilities that `weights`, which sum up to 1, give to each. */
export function drawPlace(weights: readonly number[], random: Random): number {
  let left = random.uniform();
  for (let place = 0; place < weights.length - 1; place++) {
    left -= weights[place];
    if (left < 0) return place;
  }
  return weights.length - 1;
}

/** The same elements in an order drawn by Fisher and Yates. */
export function shuffled<T>(list: readonly T[], random: Random): T[] {
  const drawn = [...list];
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
  }
  return drawn;
}

/** How a token is chosen of logits. */
export interface Sampling {
  /** 0: always the likeliest, the lowest of equal ones. What logits are divided by otherwise. */
  readonly temperature: number;
  /** Only so many of the likeliest are drawn from; absent: all. */
  readonly topK?: number;
  /** Only the fewest of the likeliest that together have this probability are drawn from; absent: all. */
  readonly topP?: number;
}

/** Chooses the likeliest token. */
export const GREEDY: Sampling = { temperature: 0 };

/**
 * Chooses a token.
 *
 * @param logits [vocabulary].
 * @param uniform a number in [0, 1), which is used where the temperature is above 0.
 * @param legal [vocabulary]: 1 for tokens that may be chosen, else 0; absent: all may.
 * @throws Error where no token is legal.
 */
export function chooseToken(
  logits: Float32Array,
  { temperature, topK = logits.length, topP = 1 }: Sampling,
  uniform: number,
  legal?: Uint8Array,
): number {
  const likeliest = argmax(logits, legal);
  if (likeliest < 0) throw new Error('There is no legal token to choose.');
  if (temperature === 0 || topK === 1) return likeliest;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    if (legal !== undefined && legal[i] === 0) continue;
    weights[i] = Math.exp((logits[i] - logits[likeliest]) / temperature);
    total += weights[i];
  }
  if (topK < logits.length || topP < 1) total = keepLikeliest(weights, topK, topP);
  return draw(weights, total, uniform);
}

function argmax(logits: Float32Array, legal: Uint8Array | undefined): number {
  let best = -1;
  for (let i = 0; i < logits.length; i++) {
    if (legal !== undefined && legal[i] === 0) continue;
    if (best < 0 || logits[i] > logits[best]) best = i;
  }
  return best;
}

/**
 * Sets to 0 all but the `topK` greatest weights, and of these all but the fewest of the greatest that make up `topP` of their
 * sum; one stays at least. Of equal weights those of lower tokens are kept.
 *
 * @returns the sum of what is kept.
 */
function keepLikeliest(weights: Float64Array, topK: number, topP: number): number {
  // From the least to the greatest: without a function that compares, sorting takes a tenth of the time.
  const sorted = weights.slice().sort();
  const size = sorted.length;
  const most = Math.min(topK, size);
  let sum = 0;
  for (let i = 1; i <= most; i++) sum += sorted[size - i];
  let [kept, count] = [0, 0];
  // Tokens whose weight is lost to rounding count too where all are asked for.
  const isWanted = (): boolean => count === 0 || topP === 1 || kept < topP * sum;
  while (count < most && isWanted()) kept += sorted[size - ++count];
  const least = sorted[size - count];
  let equal = count;
  for (let i = 1; i <= count; i++) if (sorted[size - i] > least) equal--;
  for (let i = 0; i < size; i++) {
    const keeps = weights[i] > least || (weights[i] === least && equal-- > 0);
    if (!keeps) weights[i] = 0;
  }
  return kept;
}

/** An index by its share of the total. */
function draw(weights: Float64Array, total: number, uniform: number): number {
  let left = uniform * total;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) return i;
  }
  // Rounding has left more than there is.
  return last;
}

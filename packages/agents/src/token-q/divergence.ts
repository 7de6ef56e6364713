/** What a choice of a token was made from. */
export interface Choice {
  /** The language model's, [vocabulary]. */
  readonly logits: Float32Array;
  /** Those that tokens are drawn by, with softmax over the allowed ones; null: the token was taken for certain. */
  readonly scores: Float32Array | null;
  readonly token: number;
  /** Tokens that are legal; undefined: all. */
  readonly legal: Uint8Array | undefined;
  /** Those of them that may be chosen; undefined: all. */
  readonly allowed: Uint8Array | undefined;
}

/**
 * The Kullback-Leibler divergence, in nats, of what a token was chosen by from the language model over the legal tokens:
 * Σ p·ln(p/π), of a certain token −ln π. Added up along sampled texts it is, on average, exactly that of whole texts.
 */
export function divergence({ logits, scores, token, legal, allowed }: Choice): number {
  const model = logSum(logits, legal);
  if (scores === null) return model - logits[token];
  const policy = logSum(scores, allowed);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    if (allowed !== undefined && allowed[i] === 0) continue;
    const logP = scores[i] - policy;
    // A probability of 0 adds nothing.
    const p = Math.exp(logP);
    if (p > 0) sum += p * (logP - (logits[i] - model));
  }
  return sum;
}

/** ln Σ exp over the tokens of a mask. */
function logSum(values: Float32Array, mask: Uint8Array | undefined): number {
  const isIn = (i: number): boolean => mask === undefined || mask[i] !== 0;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) if (isIn(i)) most = Math.max(most, values[i]);
  let sum = 0;
  for (let i = 0; i < values.length; i++) if (isIn(i)) sum += Math.exp(values[i] - most);
  return most + Math.log(sum);
}

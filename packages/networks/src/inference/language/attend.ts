import { scoreScale, type TransformerShape } from '../../language/transformer-shape.ts';

/** One token's attention to those before it and to itself, of a cache. */
export class CachedAttention {
  readonly #shape: TransformerShape;
  #weights = new Float32Array(64);

  constructor(shape: TransformerShape) {
    this.#shape = shape;
  }

  /**
   * @param queries [heads × headSize], rotated.
   * @param keys [tokens, keyValueHeads × headSize], rotated; and so `values`.
   * @param tokens how many are seen.
   * @param mixed where [heads × headSize] is written.
   */
  run(
    layer: number,
    queries: Float32Array,
    keys: Float32Array,
    values: Float32Array,
    tokens: number,
    mixed: Float32Array,
  ): void {
    const { heads, keyValueHeads, headSize } = this.#shape;
    const width = keyValueHeads * headSize;
    const scale = scoreScale(this.#shape, layer);
    if (this.#weights.length < tokens) this.#weights = new Float32Array(2 * tokens);
    const weights = this.#weights;
    for (let head = 0; head < heads; head++) {
      const from = head * headSize;
      const shared = Math.floor((head * keyValueHeads) / heads) * headSize;
      let most = Number.NEGATIVE_INFINITY;
      for (let token = 0; token < tokens; token++) {
        const at = token * width + shared;
        let sum = 0;
        for (let i = 0; i < headSize; i++) sum += queries[from + i] * keys[at + i];
        weights[token] = sum * scale;
        if (weights[token] > most) most = weights[token];
      }
      let total = 0;
      for (let token = 0; token < tokens; token++) {
        weights[token] = Math.exp(weights[token] - most);
        total += weights[token];
      }
      const out = mixed.subarray(from, from + headSize);
      out.fill(0);
      for (let token = 0; token < tokens; token++) {
        const weight = weights[token] / total;
        const at = token * width + shared;
        for (let i = 0; i < headSize; i++) out[i] += weight * values[at + i];
      }
    }
  }
}

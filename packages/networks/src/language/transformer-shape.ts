import type { Activation } from '../layers/activation.ts';

/** How a token's place enters: by a learned vector that is added, or by rotating queries and keys. */
export type Positions =
  | { readonly kind: 'learned' }
  | {
      readonly kind: 'rotary';
      /** The base of the wavelengths. */
      readonly theta: number;
      /** How many numbers of a head are rotated, an even number; the rest stays as it is. */
      readonly size: number;
      /** What positions are divided by. */
      readonly factor: number;
    };

/** How logits over the vocabulary are made of the last layer's features. */
export interface LanguageHeadShape {
  /** Whether its kernel is the embedding of the tokens. */
  readonly tied: boolean;
  readonly bias: boolean;
  /** Whether a dense layer with the activation and a norm comes before it (BERT's). */
  readonly transform: boolean;
}

/** What a transformer is made of: all that its parameters and its forward pass follow from. */
export interface TransformerShape {
  /** Whether a token sees only itself and those before it. */
  readonly causal: boolean;
  readonly vocabulary: number;
  /** Numbers of a token's features. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Each serves `heads / keyValueHeads` heads of queries. */
  readonly keyValueHeads: number;
  readonly headSize: number;
  /** Units of the hidden layer after each attention. */
  readonly inner: number;
  /** The most tokens. */
  readonly context: number;
  readonly positions: Positions;
  /** Kinds of tokens that have a learned vector each; 0: tokens have no kinds. */
  readonly tokenTypes: number;
  readonly norm: { readonly kind: 'layer' | 'rms'; readonly epsilon: number };
  /**
   * Where the two parts of a layer are normalised and added: `pre`, x + f(norm x) one after the other; `parallel`, both
   * of the same x; `post`, norm(x + f(x)).
   */
  readonly residual: 'pre' | 'parallel' | 'post';
  readonly activation: Activation;
  /** Whether the hidden layer's activation multiplies a second one that is linear (SwiGLU). */
  readonly gated: boolean;
  /** Which dense layers have a bias: those of queries, keys and values; the attention's output; the hidden layer and its output. */
  readonly biases: { readonly qkv: boolean; readonly attention: boolean; readonly mlp: boolean };
  /** Whether scores are divided by √headSize, and by the layer's number from 1 on. */
  readonly scores: { readonly scaled: boolean; readonly byLayer: boolean };
  /** Null: it gives features alone. */
  readonly head: LanguageHeadShape | null;
}

/** What the scores of a layer's attention are multiplied by. */
export function scoreScale({ headSize, scores }: TransformerShape, layer: number): number {
  return (scores.scaled ? 1 / Math.sqrt(headSize) : 1) / (scores.byLayer ? layer + 1 : 1);
}

/**
 * The angular frequencies of rotary positions (Su et al., "RoFormer", 2021, section 3.2.2), θ^(−2i/size)/factor, each
 * rounded to float32 where PyTorch's implementations round, since large positions multiply what is lost.
 */
export function rotaryFrequencies({
  theta,
  size,
  factor,
}: Extract<Positions, { kind: 'rotary' }>): Float32Array {
  const { fround } = Math;
  return Float32Array.from({ length: size / 2 }, (_, i) =>
    fround(fround(1 / fround(theta ** fround((2 * i) / size))) / factor),
  );
}

/** How many parameters it has. */
export function countParameters(shape: TransformerShape): number {
  const { width, layers, vocabulary, context, positions, tokenTypes, inner, head, norm, biases, gated } =
    shape;
  const normed = norm.kind === 'layer' ? 2 * width : width;
  const queries = shape.heads * shape.headSize;
  const qkv = queries + 2 * shape.keyValueHeads * shape.headSize;
  const hidden = inner * (gated ? 2 : 1);
  const attention = width * qkv + queries * width + (biases.qkv ? qkv : 0) + (biases.attention ? width : 0);
  const mlp = width * hidden + inner * width + (biases.mlp ? hidden + width : 0);
  const embeddings = (vocabulary + (positions.kind === 'learned' ? context : 0) + tokenTypes) * width;
  const outputs =
    head === null
      ? 0
      : (head.tied ? 0 : vocabulary * width) +
        (head.bias ? vocabulary : 0) +
        (head.transform ? width * width + width + normed : 0);
  return embeddings + layers * (attention + mlp + 2 * normed) + normed + outputs;
}

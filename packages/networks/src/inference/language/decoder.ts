import type { NamedTensors } from '@qfleet/tensor';
import type { TransformerShape } from '../../language/transformer-shape.ts';
import type { ParameterSpec } from '../../parameters.ts';
import type { DenseLayer } from '../dense/layer.ts';

/** Tokens that a decoder takes in one call, in columns. */
export interface TokenSteps {
  readonly count: number;
  /** The slot that each token goes on, [count]. The tokens of a slot lie in their order. */
  readonly slots: Int32Array;
  readonly tokens: Int32Array;
  /** The place of each in its slot's text: one more than the one before. */
  readonly positions: Int32Array;
  /** 1 for those whose outputs are wanted, else 0. */
  readonly wanted: Uint8Array;
}

/** A head of a token's final features beside the language model's, as Q or V: dense layers with relu between them. */
export interface TokenHead {
  readonly name: string;
  readonly parameters: readonly ParameterSpec[];
  /** The layers that its parameters make, of the same sizes at each load. */
  layers(tensors: NamedTensors): readonly Omit<DenseLayer, 'norm'>[];
}

/** What a decoder gives of a token. The next token overwrites these arrays. */
export interface TokenOutputs {
  /** The language model's, [vocabulary]. */
  readonly logits: Float32Array;
  /** The outputs of each head, by its name. */
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** A decoder that takes tokens and caches, for each slot, the keys and values of those before. */
export interface Decoder {
  readonly shape: TransformerShape;
  /** Texts that it remembers at once. */
  readonly slots: number;
  /** Tokens that it computes at once; more of them take turns. */
  readonly together: number;
  /**
   * Copies other parameters in, those of the network and of its heads, and forgets all texts.
   *
   * @throws Error where one is missing, unexpected or of another shape.
   */
  load(tensors: NamedTensors): void;
  /** Forgets the text of a slot. */
  clear(slot: number): void;
  /**
   * Takes tokens, and hands over the outputs of each that wants them.
   *
   * @param take is given the index of the token among `steps`.
   */
  run(steps: TokenSteps, take: (index: number, outputs: TokenOutputs) => void): void;
  /** Ends its threads, where it has any. */
  dispose(): void;
}

import type { TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { scoreScale, type TransformerShape } from '../language/transformer-shape.ts';
import type { ParameterSpec, Parameters } from '../parameters.ts';
import { Linear } from './linear.ts';
import { type Rotation, rotate } from './rotary.ts';

/** What all layers of a forward pass have in common. */
export interface AttentionInput {
  readonly rows: number;
  readonly length: number;
  /** Added to scores, broadcast to [rows, 1, length, tokens attended to]. */
  readonly unseen: Tensor;
  /** Null: places enter otherwise. */
  readonly rotation: Rotation | null;
  /** Null: tokens attend to those of the pass alone. */
  readonly cache: KeyValueCache | null;
}

/** Keys and values of tokens that were taken before. */
export interface KeyValueCache {
  /** How many tokens each row attends to. */
  readonly length: number;
  /**
   * Adds the pass's own, [rows, keyValueHeads, tokens, headSize] each.
   *
   * @returns all that the rows attend to, [rows, keyValueHeads, length, headSize] each.
   */
  extend(layer: number, keys: Tensor, values: Tensor): readonly [Tensor, Tensor];
}

/**
 * Attention of several heads (Vaswani et al., "Attention is all you need", 2017, section 3.2), where groups of heads may
 * share keys and values (Ainslie et al., "GQA", 2023). One kernel makes queries, keys and values, side by side.
 */
export class Attention {
  readonly parameters: readonly ParameterSpec[];
  readonly #shape: TransformerShape;
  readonly #layer: number;
  readonly #scale: number;
  readonly #input: Linear;
  readonly #output: Linear;

  /** @param layer its number, from 0 on. */
  constructor(name: string, shape: TransformerShape, layer: number) {
    const { width, heads, keyValueHeads, headSize, biases } = shape;
    this.#shape = shape;
    this.#layer = layer;
    this.#scale = scoreScale(shape, layer);
    this.#input = new Linear(`${name}/input`, width, (heads + 2 * keyValueHeads) * headSize, biases.qkv);
    this.#output = new Linear(`${name}/output`, heads * headSize, width, biases.attention);
    this.parameters = [...this.#input.parameters, ...this.#output.parameters];
  }

  /** [rows × length, width] of the same. */
  forward(tf: TensorFlow, parameters: Parameters, x: Tensor2D, input: AttentionInput): Tensor2D {
    const { rows, length, unseen, rotation, cache } = input;
    const { heads, keyValueHeads, headSize } = this.#shape;
    const sizes = [heads, keyValueHeads, keyValueHeads].map((count) => count * headSize);
    const parts = tf.split(this.#input.forward(tf, parameters, x), sizes, 1);
    const [queries, keys, values] = parts.map((each) =>
      tf.transpose(tf.reshape(each, [rows, length, -1, headSize]), [0, 2, 1, 3]),
    );
    const turned = (each: Tensor): Tensor => (rotation === null ? each : rotate(tf, rotation, each));
    // The heads that share keys and values lie one after another, so they are one longer sequence of queries.
    const grouped = (each: Tensor, size: number) =>
      tf.reshape(each, [rows, keyValueHeads, -1, size]) as Tensor4D;
    const own = [turned(keys), values] as const;
    const [allKeys, allValues] = cache === null ? own : cache.extend(this.#layer, ...own);
    const seen = cache?.length ?? length;
    const scores = tf.mul(
      tf.matMul(grouped(turned(queries), headSize), allKeys as Tensor4D, false, true),
      this.#scale,
    );
    const apart = tf.reshape(scores, [rows, heads, length, seen]);
    const weights = tf.softmax(tf.add(apart, unseen));
    const mixed = tf.reshape(tf.matMul(grouped(weights, seen), allValues as Tensor4D), [
      rows,
      heads,
      length,
      headSize,
    ]);
    const joined = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * length, heads * headSize]);
    return this.#output.forward(tf, parameters, joined as Tensor2D);
  }
}

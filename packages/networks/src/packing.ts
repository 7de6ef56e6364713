import { elementsOf } from '@qfleet/spaces';
import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from './parameters.ts';

/** Floats of a row: 64 bytes, at which libtensorflow cuts a tensor into pieces without copying them. */
const ROW = 16;

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
  /** The first row, and how many. */
  readonly row: number;
  readonly rows: number;
}

/** Whether a tensor is picked, or which of its rows are: 1, else 0. */
type Mask = boolean | { readonly shape: readonly number[]; readonly data: Float32Array };

/** Parameters of more values than this stay apart: to copy their gradient costs more than the ops that it saves. */
const LARGE = 1 << 16;

/** The name of the tensor that the small ones share. */
const PACKED = 'packed';

/**
 * The parameters of a network in few tensors: all small ones in one [rows, 16], each from the beginning of a row and
 * padded with zeros to the end of one, and each large one as it is. What a learner does to every parameter alike (norm,
 * clipping, optimizer, target update) is then one op instead of one a parameter, and an op costs more to start than
 * such small tensors take to compute.
 */
export class Packing {
  /** The tensors by which parameters are kept. */
  readonly names: readonly string[];
  readonly #small: readonly Place[];
  readonly #large: readonly Pick<ParameterSpec, 'name' | 'shape'>[];
  readonly #rows: number;

  constructor(specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[]) {
    let row = 0;
    this.#large = specs.filter(({ shape }) => elementsOf(shape) > LARGE);
    this.#small = specs
      .filter((each) => !this.#large.includes(each))
      .map(({ name, shape }) => {
        const size = elementsOf(shape);
        const place = { name, shape, size, row, rows: Math.ceil(size / ROW) };
        row += place.rows;
        return place;
      });
    this.#rows = row;
    this.names = [PACKED, ...this.#large.map(({ name }) => name)];
  }

  /** The tensors of `specs` in those of `names`; the small ones are copied, other entries are passed over. */
  pack(tensors: NamedTensors): NamedTensors {
    const data = new Float32Array(this.#rows * ROW);
    for (const { name, row } of this.#small) data.set(tensors.get(name)!.data, row * ROW);
    return new Map([
      [PACKED, { shape: [this.#rows, ROW], data }],
      ...this.#large.map(({ name }) => [name, tensors.get(name)!] as const),
    ]);
  }

  /** The tensors of `specs` out of those of `names`; the small ones are copied. */
  unpack(tensors: NamedTensors): NamedTensors {
    const { data } = tensors.get(PACKED)!;
    return new Map([
      ...this.#small.map(
        ({ name, shape, size, row }) =>
          [name, { shape, data: data.slice(row * ROW, row * ROW + size) }] as const,
      ),
      ...this.#large.map(({ name }) => [name, tensors.get(name)!] as const),
    ]);
  }

  /** The tensors of `names` with some small parameters replaced, by their names. */
  replace(tf: TensorFlow, [packed, ...large]: readonly Tensor[], changes: Parameters): Tensor[] {
    const pieces = tf.split(
      packed as Tensor2D,
      this.#small.map(({ rows }) => rows),
    );
    const replaced = this.#small.map(({ name, size, rows }, i) => {
      const change = changes[name];
      if (change === undefined) return pieces[i];
      const flat = tf.reshape(change, [size]) as Tensor1D;
      return tf.reshape(tf.pad(flat, [[0, rows * ROW - size]]), [rows, ROW]) as Tensor2D;
    });
    return [tf.concat(replaced, 0), ...large];
  }

  /** Which parameters `chosen` picks, by the tensors of `names`: a large one or not, and rows of the one that small ones share. */
  mask(chosen: (spec: Pick<ParameterSpec, 'name' | 'shape'>) => boolean): ReadonlyMap<string, Mask> {
    const data = new Float32Array(this.#rows);
    for (const place of this.#small) {
      if (chosen(place)) data.fill(1, place.row, place.row + place.rows);
    }
    return new Map<string, Mask>([
      [PACKED, { shape: [this.#rows, 1], data }],
      ...this.#large.map((each): [string, Mask] => [each.name, chosen(each)]),
    ]);
  }

  /** The parameters in the tensors of `names`, in their order, as a network takes them; differentiates. */
  split(tf: TensorFlow, [packed, ...large]: readonly Tensor[]): Parameters {
    const pieces = tf.split(
      packed as Tensor2D,
      this.#small.map(({ rows }) => rows),
    );
    const small = this.#small.map(({ name, shape, size, rows }, i) => {
      const whole = size === rows * ROW;
      const exact = whole ? pieces[i] : tf.slice(tf.reshape(pieces[i], [rows * ROW]), 0, size);
      return [name, tf.reshape(exact, [...shape])] as const;
    });
    return Object.fromEntries([...small, ...this.#large.map(({ name }, i) => [name, large[i]] as const)]);
  }
}

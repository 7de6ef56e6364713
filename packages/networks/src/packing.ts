import type { NamedTensors, TensorFlow } from '@qfleet/tensor';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Parameters } from './forward.ts';
import type { ParameterSpec } from './parameters.ts';
import { elementsOf } from './signature.ts';

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

/**
 * All parameters of a network in one tensor [rows, 16], each from the beginning of a row and padded with zeros to the
 * end of one. What a learner does to every parameter alike (norm, clipping, optimizer, target update) is then one op
 * instead of one a parameter, and an op costs more to start than such small tensors take to compute.
 */
export class Packing {
  /** The shape of the packed tensor. */
  readonly shape: readonly [number, number];
  readonly #places: readonly Place[];

  constructor(specs: readonly Pick<ParameterSpec, 'name' | 'shape'>[]) {
    let row = 0;
    this.#places = specs.map(({ name, shape }) => {
      const size = elementsOf(shape);
      const place = { name, shape, size, row, rows: Math.ceil(size / ROW) };
      row += place.rows;
      return place;
    });
    this.shape = [row, ROW];
  }

  /** The tensors of `specs` in one, copied; other entries are passed over. */
  pack(tensors: NamedTensors): { shape: readonly number[]; data: Float32Array } {
    const data = new Float32Array(elementsOf(this.shape));
    for (const { name, row } of this.#places) data.set(tensors.get(name)!.data, row * ROW);
    return { shape: this.shape, data };
  }

  /** The tensors of `specs`, copied out of a packed one. */
  unpack(data: Float32Array): NamedTensors {
    return new Map(
      this.#places.map(({ name, shape, size, row }) => [
        name,
        { shape, data: data.slice(row * ROW, row * ROW + size) },
      ]),
    );
  }

  /** The parameters in a packed tensor, as `forward` takes them; differentiates. */
  split(tf: TensorFlow, packed: Tensor): Parameters {
    const pieces = tf.split(
      packed as Tensor2D,
      this.#places.map(({ rows }) => rows),
    );
    return Object.fromEntries(
      this.#places.map(({ name, shape, size, rows }, i) => {
        const whole = size === rows * ROW;
        const exact = whole ? pieces[i] : tf.slice(tf.reshape(pieces[i], [rows * ROW]), 0, size);
        return [name, tf.reshape(exact, [...shape])];
      }),
    );
  }
}

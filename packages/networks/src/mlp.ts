import type { NetworkConfig } from '@qfleet/config';
import type { NamedTensors } from '@qfleet/tensor';
import { type DenseLayer, denseLayers } from './dense.ts';
import { inputSize, type Signature } from './signature.ts';

/** An MLP for inference alone: no tfjs, no allocation a call. */
export interface Mlp {
  /** Takes up parameters; of wrong names or shapes they are refused and the old ones stay. */
  load(tensors: NamedTensors): void;
  /**
   * Q(s, ·) of `rows` observations, [rows, actions], written to `values`.
   *
   * @throws Error before the first `load`; RangeError when an array is too short or a Discrete observation is not
   * one of its space.
   */
  forward(observations: ArrayLike<number>, rows: number, values: Float32Array): void;
}

export function createMlp(config: NetworkConfig, signature: Signature): Mlp {
  return new PlainMlp(config, signature);
}

class PlainMlp implements Mlp {
  readonly #config: NetworkConfig;
  readonly #signature: Signature;
  #layers: DenseLayer[] | null = null;
  #buffers: Float32Array[] = [];

  constructor(config: NetworkConfig, signature: Signature) {
    this.#config = config;
    this.#signature = signature;
  }

  load(tensors: NamedTensors): void {
    this.#layers = denseLayers(this.#config, this.#signature, tensors);
    this.#buffers = this.#layers.map(({ outputs }) => new Float32Array(outputs));
  }

  forward(observations: ArrayLike<number>, rows: number, values: Float32Array): void {
    if (this.#layers === null) throw new Error('The network has no parameters yet: load some first.');
    const { observationCount, actions } = this.#signature;
    const size = inputSize(this.#signature);
    const input = new Float32Array(size);
    for (let row = 0; row < rows; row++) {
      if (observationCount !== undefined) input.fill(0)[observations[row]] = 1;
      else for (let i = 0; i < size; i++) input[i] = observations[row * size + i];
      let x: Float32Array = input;
      for (let l = 0; l < this.#layers.length; l++) {
        const y = this.#buffers[l];
        dense(this.#layers[l], x, y, l < this.#layers.length - 1);
        x = y;
      }
      values.set(x, row * actions);
    }
  }
}

/** Input by input, so that those that relu made zero cost nothing. */
function dense(
  { inputs, outputs, kernel, bias }: DenseLayer,
  x: Float32Array,
  y: Float32Array,
  relu: boolean,
): void {
  y.set(bias);
  for (let i = 0; i < inputs; i++) {
    const xi = x[i];
    if (xi === 0) continue;
    for (let o = 0, k = i * outputs; o < outputs; o++, k++) y[o] += xi * kernel[k];
  }
  if (relu) for (let o = 0; o < outputs; o++) if (y[o] < 0) y[o] = 0;
}

import type { NetworkConfig } from '@qfleet/config';
import type { NamedTensors } from '@qfleet/tensor';
import { denseLayers } from './dense.ts';
import { DenseStack } from './dense-stack.ts';
import { inputSize, type Signature } from './signature.ts';

/** An MLP for inference alone: no tfjs, and no allocation a call. */
export class Mlp {
  readonly #config: NetworkConfig;
  readonly #signature: Signature;
  readonly #inputs: number;
  #stack: DenseStack | null = null;

  constructor(config: NetworkConfig, signature: Signature) {
    this.#config = config;
    this.#signature = signature;
    this.#inputs = inputSize(signature);
  }

  /**
   * Takes up parameters.
   *
   * @throws Error when names or shapes are not those of `parameterSpecs`; the old parameters then stay.
   */
  load(tensors: NamedTensors): void {
    const layers = denseLayers(this.#config, this.#signature, tensors);
    this.#stack ??= new DenseStack(layers.map(({ inputs, outputs }) => ({ inputs, outputs })));
    this.#stack.load(layers);
  }

  /**
   * Q(s, ·) of `rows` observations, [rows, actions], written to `values`. A row's values depend on nothing but
   * the row, and are the same on every machine.
   *
   * @throws Error before the first `load`; RangeError when an array is too short, or a Discrete observation is
   * not one of its space.
   */
  forward(observations: ArrayLike<number>, rows: number, values: Float32Array): void {
    const stack = this.#stack;
    if (stack === null) throw new Error('The network has no parameters yet: load some first.');
    const count = this.#signature.observationCount;
    const { actions, frames = 1 } = this.#signature;
    const width = count === undefined ? this.#inputs : frames;
    if (observations.length < rows * width || values.length < rows * actions) {
      throw new RangeError(
        `${rows} rows need ${rows * width} observation elements and room for ${rows * actions} values, not ` +
          `${observations.length} and ${values.length}.`,
      );
    }
    for (let row = 0; row < rows; row += stack.rows) {
      const part = Math.min(stack.rows, rows - row);
      if (count === undefined) copy(observations, row * width, part, width, stack);
      else oneHot(observations, row * width, part, width, count, stack);
      stack.run(part, values, row * actions);
    }
  }
}

function copy(from: ArrayLike<number>, start: number, rows: number, width: number, to: DenseStack): void {
  const { input, stride } = to;
  // Faster than subarray().set() for the few elements of a small observation.
  for (let row = 0; row < rows; row++) {
    const [source, target] = [start + row * width, row * stride];
    for (let i = 0; i < width; i++) input[target + i] = from[source + i];
  }
}

/** `width` states a row, each one-hot, side by side. */
function oneHot(
  from: ArrayLike<number>,
  start: number,
  rows: number,
  width: number,
  count: number,
  to: DenseStack,
): void {
  const { input, stride } = to;
  input.fill(0, 0, rows * stride);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const state = from[start + row * width + i];
      if (!(state >= 0 && state < count)) {
        throw new RangeError(`Observation ${state} is not a state: they are 0 to ${count - 1}.`);
      }
      input[row * stride + i * count + state] = 1;
    }
  }
}

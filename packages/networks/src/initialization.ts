import type { NetworkConfig } from '@qfleet/config';
import type { Random } from '@qfleet/random';
import { elementsOf } from '@qfleet/spaces';

/** How the start values of a kernel and of a bias are drawn. */
export type Initialization = NetworkConfig['initialization'];

/** What start values depend on, as `ParameterSpec` has it. */
interface Drawn {
  readonly shape: readonly number[];
  readonly fanIn: number;
  readonly gain?: number;
}

type Draw = (spec: Drawn, random: Random) => Float32Array;

/**
 * Start values by the initialization.
 *
 * - `lecun-uniform`: kernels and biases uniform on ±1/√fanIn, which keeps the size of activations from layer to layer (LeCun
 *   et al., "Efficient BackProp", 1998; the default of PyTorch's `Linear`, under which the published DQN scores that we
 *   compare with were made).
 * - `he`: kernels normal with the deviation gain/√fanIn, biases 0 (He et al., "Delving Deep into Rectifiers", 2015, equation
 *   10).
 * - `orthogonal`: kernels gain times an orthogonal matrix, drawn uniformly among such, biases 0 (Saxe et al., "Exact solutions
 *   to the nonlinear dynamics of learning in deep linear neural networks", 2014).
 *
 * The gain is √2 where relu follows, and 1 for outputs.
 */
export const DRAWS: Readonly<Record<Initialization, Draw>> = {
  'lecun-uniform': ({ shape, fanIn }, random) => {
    const bound = 1 / Math.sqrt(fanIn);
    return Float32Array.from({ length: elementsOf(shape) }, () => bound * (2 * random.uniform() - 1));
  },
  he: ({ shape, fanIn, gain = Math.SQRT2 }, random) => {
    const deviation = shape.length < 2 ? 0 : gain / Math.sqrt(fanIn);
    return Float32Array.from({ length: elementsOf(shape) }, () => deviation && deviation * random.normal());
  },
  orthogonal: ({ shape, gain = Math.SQRT2 }, random) => {
    const outputs = shape[shape.length - 1];
    const inputs = elementsOf(shape) / outputs;
    return shape.length < 2 ? new Float32Array(outputs) : orthogonal(inputs, outputs, gain, random);
  },
};

/**
 * A matrix [rows, columns] whose shorter side's vectors are orthogonal and of length `gain`: normal draws by the method of
 * Gram and Schmidt, which makes each such set as likely as another.
 */
function orthogonal(rows: number, columns: number, gain: number, random: Random): Float32Array {
  const upright = rows >= columns;
  const [count, length] = upright ? [columns, rows] : [rows, columns];
  const vectors: Float64Array[] = [];
  for (let i = 0; i < count; i++) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Twice: what rounding leaves of the others after the first time is gone after the second.
    for (let pass = 0; pass < 2; pass++)
      for (const other of vectors) subtract(vector, other, dot(vector, other));
    const size = Math.sqrt(dot(vector, vector));
    for (let j = 0; j < length; j++) vector[j] /= size;
    vectors.push(vector);
  }
  const matrix = new Float32Array(rows * columns);
  for (const [i, vector] of vectors.entries()) {
    for (let j = 0; j < length; j++) matrix[upright ? j * columns + i : i * columns + j] = gain * vector[j];
  }
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function subtract(from: Float64Array, vector: Float64Array, times: number): void {
  for (let i = 0; i < from.length; i++) from[i] -= times * vector[i];
}

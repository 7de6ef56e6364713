import type { TransformerShape } from '../../language/transformer-shape.ts';
import type { Activation } from '../../layers/activation.ts';

/** Gain and bias of a norm; no bias where it has none. */
export interface NormWeights {
  readonly gain: Float32Array;
  readonly bias?: Float32Array | undefined;
}

/** Writes the norm of the row `x` into `y`, as the network's own norms do. */
export function normalizeRow(
  { kind, epsilon }: TransformerShape['norm'],
  { gain, bias }: NormWeights,
  x: Float32Array,
  y: Float32Array,
): void {
  const size = x.length;
  let mean = 0;
  if (kind === 'layer') {
    for (let i = 0; i < size; i++) mean += x[i];
    mean /= size;
  }
  let squares = 0;
  for (let i = 0; i < size; i++) squares += (x[i] - mean) * (x[i] - mean);
  const scale = 1 / Math.sqrt(squares / size + epsilon);
  for (let i = 0; i < size; i++) y[i] = (x[i] - mean) * scale * gain[i] + (bias === undefined ? 0 : bias[i]);
}

const SQRT_TWO_OVER_PI = Math.sqrt(2 / Math.PI);

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const FUNCTIONS: Readonly<Record<Activation, (x: number) => number>> = {
  gelu: (x) => 0.5 * x * (1 + errorFunction(x * Math.SQRT1_2)),
  'gelu-tanh': (x) => 0.5 * x * (1 + Math.tanh(SQRT_TWO_OVER_PI * (x + 0.044715 * x * x * x))),
  'gelu-sigmoid': (x) => x * sigmoid(1.702 * x),
  silu: (x) => x * sigmoid(x),
  relu: (x) => Math.max(0, x),
};

/**
 * Writes a hidden layer's row, active, into `y`: where `x` is twice as long, its second half times that.
 */
export function activateRow(activation: Activation, x: Float32Array, y: Float32Array): void {
  const apply = FUNCTIONS[activation];
  const size = y.length;
  const gated = x.length > size;
  for (let i = 0; i < size; i++) y[i] = gated ? apply(x[i]) * x[size + i] : apply(x[i]);
}

/**
 * erf, to 1.2e-7: Chebyshev's polynomials as fitted by Press et al., "Numerical recipes", 2nd edition, section 6.2
 * (`erfcc`).
 */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  let sum = 0;
  for (const coefficient of ERFC) sum = sum * t + coefficient;
  const rest = t * Math.exp(-x * x + sum);
  return x >= 0 ? 1 - rest : rest - 1;
}

/** From the highest power on. */
const ERFC = [
  ...[0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807],
  ...[-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223],
];

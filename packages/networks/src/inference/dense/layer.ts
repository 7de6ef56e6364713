import { type Norm, normsBeside, repeated } from '../norm.ts';

/** y = x·kernel + bias, normalised where there is a norm, then relu on all layers of a stack but the last. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row by row. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  /** Layer normalisation of the sums. */
  readonly norm?: Norm;
}

/** [x·A + a, x·B + b] as one layer, of two that are alike. */
export function sideBySide(a: DenseLayer, b: DenseLayer): DenseLayer {
  const outputs = a.outputs + b.outputs;
  const kernel = new Float32Array(a.inputs * outputs);
  for (let i = 0; i < a.inputs; i++) {
    kernel.set(a.kernel.subarray(i * a.outputs, (i + 1) * a.outputs), i * outputs);
    kernel.set(b.kernel.subarray(i * b.outputs, (i + 1) * b.outputs), i * outputs + a.outputs);
  }
  const layer = { inputs: a.inputs, outputs, kernel, bias: joined(a.bias, b.bias) };
  if (!a.norm || !b.norm) return layer;
  const [gain, bias] = [joined(a.norm.gain, b.norm.gain), joined(a.norm.bias, b.norm.bias)];
  return { ...layer, norm: { groups: a.norm.groups + b.norm.groups, gain, bias, epsilon: a.norm.epsilon } };
}

const joined = (a: Float32Array, b: Float32Array): Float32Array => Float32Array.of(...a, ...b);

/** A layer whose outputs are the means of each `count` neighbouring ones. */
export function meanOver({ inputs, outputs, kernel, bias }: DenseLayer, count: number): DenseLayer {
  const means = (row: Float32Array): Float32Array =>
    Float32Array.from({ length: row.length / count }, (_, to) => {
      let sum = 0;
      for (let i = to * count; i < (to + 1) * count; i++) sum += row[i];
      return sum / count;
    });
  return { inputs, outputs: outputs / count, kernel: means(kernel), bias: means(bias) };
}

/**
 * The mean of what one or two layers make of x ⊙ s for each of several scales s, as so many layers of x. The last takes the
 * mean over the scales.
 */
export function overInputsScaled(
  layers: readonly DenseLayer[],
  scales: readonly ArrayLike<number>[],
): DenseLayer[] {
  const [first, last] = layers;
  const part = last.kernel.map((x) => x / scales.length);
  return [
    onScaledInputs(first, scales),
    {
      inputs: scales.length * first.outputs,
      outputs: last.outputs,
      kernel: repeated(part, scales.length),
      bias: last.bias,
    },
  ];
}

/** The same without the mean: each output of the last layer for all scales, one after another. */
export function besideInputsScaled(
  layers: readonly DenseLayer[],
  scales: readonly ArrayLike<number>[],
): DenseLayer[] {
  const [first, last] = layers;
  const count = scales.length;
  const outputs = last.outputs * count;
  const kernel = new Float32Array(count * last.inputs * outputs);
  const bias = new Float32Array(outputs);
  for (let k = 0; k < count; k++) {
    for (let o = 0; o < last.outputs; o++) {
      bias[o * count + k] = last.bias[o];
      for (let i = 0; i < last.inputs; i++) {
        kernel[(k * last.inputs + i) * outputs + o * count + k] = last.kernel[i * last.outputs + o];
      }
    }
  }
  return [onScaledInputs(first, scales), { inputs: count * last.inputs, outputs, kernel, bias }];
}

/**
 * A layer of x ⊙ s for each of several scales s, side by side: it is there once for each s with its kernel's rows times s,
 * normalised each time on its own where it is normalised.
 */
function onScaledInputs(first: DenseLayer, scales: readonly ArrayLike<number>[]): DenseLayer {
  const { inputs, outputs, norm } = first;
  const all = scales.length * outputs;
  const kernel = new Float32Array(inputs * all);
  for (const [k, scale] of scales.entries()) {
    for (let i = 0; i < inputs; i++) {
      const from = i * outputs;
      const to = i * all + k * outputs;
      for (let o = 0; o < outputs; o++) kernel[to + o] = scale[i] * first.kernel[from + o];
    }
  }
  const wide = { inputs, outputs: all, kernel, bias: repeated(first.bias, scales.length) };
  return norm ? { ...wide, norm: normsBeside(norm, scales.length) } : wide;
}

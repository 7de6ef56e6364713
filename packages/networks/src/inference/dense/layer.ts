/** y = x·kernel + bias, normalised where there is a norm, then relu on all layers of a stack but the last. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row by row. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  /** Layer normalisation of the sums. */
  readonly norm?: DenseNorm;
}

/** y = gain ⊙ (x − μ)/√(σ² + ε) + bias, in each of `groups` equal parts of a layer's outputs on its own. */
export interface DenseNorm {
  readonly groups: number;
  readonly gain: Float32Array;
  readonly bias: Float32Array;
  readonly epsilon: number;
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

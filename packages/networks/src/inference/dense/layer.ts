/** y = x·kernel + bias, then relu on all layers of a stack but the last. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row by row. */
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** [x·A + a, x·B + b] as one layer. */
export function sideBySide(a: DenseLayer, b: DenseLayer): DenseLayer {
  const outputs = a.outputs + b.outputs;
  const kernel = new Float32Array(a.inputs * outputs);
  for (let i = 0; i < a.inputs; i++) {
    kernel.set(a.kernel.subarray(i * a.outputs, (i + 1) * a.outputs), i * outputs);
    kernel.set(b.kernel.subarray(i * b.outputs, (i + 1) * b.outputs), i * outputs + a.outputs);
  }
  return { inputs: a.inputs, outputs, kernel, bias: Float32Array.of(...a.bias, ...b.bias) };
}

import type { TensorFlow, TensorRecord } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';

/** The dtypes of tfjs that a network computes with. */
export type RecordedDType = 'float32' | 'int32' | 'bool';

/** A tensor of a recording, by where it comes from: an input, a constant, or a call of a kernel. */
export interface Recorded {
  readonly shape: readonly number[];
  readonly dtype: RecordedDType;
  readonly source: Source;
}

type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly constant: Constant }
  | { readonly kind: 'call'; readonly call: RecordedCall; readonly index: number };

/** Numbers that follow from no input. */
export interface Constant {
  /** That of the parameter; null: it is none, or follows from some. */
  readonly name: string | null;
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A call of one of tfjs's kernels: the same names, inputs and attributes on every backend. */
export interface RecordedCall {
  readonly kernel: string;
  readonly inputs: readonly (readonly [name: string, value: Recorded])[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Recorded[];
}

/** What tfjs's engine is asked for by every operation. */
type RunKernel = (kernel: string, inputs: object, attributes?: object) => Tensor | Tensor[];

/**
 * Runs a function of tensors once, on whatever backend is loaded, and notes each kernel through which its results follow from
 * the inputs. What follows from parameters alone is a constant.
 *
 * @param parameters by their names, which constants keep.
 */
export function record(
  tf: TensorFlow,
  parameters: TensorRecord,
  inputs: TensorRecord,
  fn: () => TensorRecord,
): ReadonlyMap<string, Recorded> {
  const engine = tf.engine() as unknown as { runKernel: RunKernel };
  const recorder = new Recorder(parameters);
  for (const [name, tensor] of Object.entries(inputs)) recorder.input(name, tensor);
  const original = engine.runKernel;
  engine.runKernel = (kernel, given, attributes = {}) => {
    const result = original.call(engine, kernel, given, attributes);
    recorder.call(kernel, given as Record<string, Tensor>, attributes, [result].flat());
    return result;
  };
  try {
    return new Map(Object.entries(fn()).map(([name, tensor]) => [name, recorder.value(tensor)]));
  } finally {
    engine.runKernel = original;
  }
}

class Recorder {
  /** What depends on inputs, by the tensor's id. */
  readonly #values = new Map<number, Recorded>();
  readonly #constants = new Map<number, Recorded>();
  readonly #names: ReadonlyMap<number, string>;

  constructor(parameters: TensorRecord) {
    this.#names = new Map(Object.entries(parameters).map(([name, { id }]) => [id, name]));
  }

  input(name: string, tensor: Tensor): void {
    this.#values.set(tensor.id, { ...described(tensor), source: { kind: 'input', name } });
  }

  call(kernel: string, given: Record<string, Tensor>, attributes: object, results: readonly Tensor[]): void {
    const inputs = Object.entries(given).filter(([, tensor]) => tensor !== undefined && tensor !== null);
    if (!inputs.some(([, { id }]) => this.#values.has(id))) return;
    const outputs: Recorded[] = [];
    const call: RecordedCall = {
      kernel,
      inputs: inputs.map(([name, tensor]) => [name, this.value(tensor)] as const),
      attributes: { ...attributes },
      outputs,
    };
    for (const [index, tensor] of results.entries()) {
      const value: Recorded = { ...described(tensor), source: { kind: 'call', call, index } };
      outputs.push(value);
      this.#values.set(tensor.id, value);
    }
  }

  /** What a tensor is; a constant is read now, since a scope may end. */
  value(tensor: Tensor): Recorded {
    const known = this.#values.get(tensor.id) ?? this.#constants.get(tensor.id);
    if (known !== undefined) return known;
    const constant = { name: this.#names.get(tensor.id) ?? null, data: tensor.dataSync().slice() };
    const value: Recorded = { ...described(tensor), source: { kind: 'constant', constant } };
    this.#constants.set(tensor.id, value);
    return value;
  }
}

const described = ({ shape, dtype }: Tensor) => ({ shape, dtype: dtype as RecordedDType });

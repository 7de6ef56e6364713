import type { Tensor } from '@tensorflow/tfjs-core';
import type { Binding, NodeBackend, OpAttribute, TensorMetadata } from '../binding.ts';
import type { Runtime } from '../runtime.ts';
import { applyStep, TraceError } from './apply.ts';
import { attributeOf, completeAttributes } from './attributes.ts';
import { constantOf } from './constants.ts';
import type { InputSpec, StepFunction, TensorRecord } from './types.ts';
import { DT, makeOp, makeValue, type Op, type Value } from './values.ts';

/** What a function computes, as ops. */
export interface Trace {
  readonly newState: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly fusions: readonly Fusion[];
}

/**
 * A group of ops that one op of the library does as well, in place: on the variables of its first inputs, of which it
 * has as many as outputs. `outputs` are computed by the group itself otherwise.
 */
export interface Fusion {
  readonly type: 'Adam' | 'WriteRows';
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, number>>;
}

/** Ops whose result differs from call to call though their inputs do not. */
const RANDOM_OPS = new Set(['Multinomial', 'RandomUniform', 'RandomStandardNormal', 'TruncatedNormal']);

/** Ops whose result's shape depends on the values that they are given, by what tfjs calls them. */
const VALUE_DEPENDENT_SHAPES: Readonly<Record<string, string>> = {
  Unique: 'tf.unique',
  UniqueV2: 'tf.unique',
  Where: 'tf.whereAsync or tf.booleanMaskAsync',
  ListDiff: 'tf.setdiff1dAsync',
  NonMaxSuppressionV3: 'tf.image.nonMaxSuppression',
  NonMaxSuppressionV4: 'tf.image.nonMaxSuppressionPadded',
  NonMaxSuppressionV5: 'tf.image.nonMaxSuppressionWithScore',
};

let active: Recorder | null = null;

/** Tells the trace that is being recorded, if one is, that `outputs` follow from `inputs` by one op of the library. */
export function recordFusion(
  type: Fusion['type'],
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  attributes: Readonly<Record<string, number>>,
): void {
  active?.fuse(type, inputs, outputs, attributes);
}

/**
 * Runs `fn` once on tensors while recording what tfjs-node's backend executes. Its `executeOp` is the one place that
 * every kernel goes through, and each op it names is one of TensorFlow's own.
 *
 * @throws TraceError When the function does what a graph can't: reads values, makes a tensor whose shape depends on
 *   values, waits for a promise, draws random numbers in JavaScript, or uses or assigns a tf.Variable.
 */
export function trace(
  runtime: Runtime,
  fn: StepFunction,
  state: TensorRecord,
  inputs: TensorRecord,
  specs: Readonly<Record<string, InputSpec>>,
): Trace {
  const { tf } = runtime;
  const backend = tf.backend() as unknown as NodeBackend;
  const variables = tf.engine().registeredVariables;
  const recorder = new Recorder(backend, Object.values(variables));
  const before = Object.values(variables).map((each) => each.dataId);
  for (const [name, tensor] of Object.entries(state)) recorder.source('State', name, tensor, false);
  for (const [name, tensor] of Object.entries(inputs)) {
    recorder.source('Input', name, tensor, specs[name]!.dtype === 'uint8');
  }
  const gather = tf.getKernel('GatherV2', 'tensorflow');
  const { kernelFunc } = gather;
  const { random } = Math;
  // Reads its indices only to check them: TensorFlow's own kernel does so too.
  gather.kernelFunc = (parameters) => recorder.whileReading(() => kernelFunc(parameters));
  Math.random = () => {
    throw new TraceError(
      'the function draws random numbers in JavaScript, which a trace would freeze: use randomNormal or ' +
        'randomUniform of @qfleet/tensor with a seed among the inputs',
    );
  };
  const { binding } = backend;
  backend.binding = recorder.binding(binding);
  active = recorder;
  try {
    const result = applyStep(fn, state, inputs);
    const assigned = Object.values(variables).some((each, i) => each.dataId !== before[i]);
    if (assigned)
      throw new TraceError('the function assigns a tf.Variable: return the new value in state instead');
    const values = (record: TensorRecord = {}) =>
      new Map(Object.entries(record).map(([name, tensor]) => [name, recorder.valueOf(tensor)]));
    return {
      newState: values(result.state),
      outputs: values(result.outputs),
      fusions: recorder.fusions,
    };
  } finally {
    active = null;
    backend.binding = binding;
    gather.kernelFunc = kernelFunc;
    Math.random = random;
  }
}

class Recorder {
  readonly fusions: Fusion[] = [];
  readonly #backend: NodeBackend;
  readonly #native: Binding;
  /** What each native tensor is in the trace; ids are never reused. */
  readonly #values = new Map<number, Value>();
  readonly #variables: ReadonlySet<number>;
  /** Values that depend on inputs, state or chance, and so have no value while tracing. */
  readonly #traced = new Set<Value>();
  #reading = false;

  constructor(backend: NodeBackend, variables: readonly Tensor[]) {
    this.#backend = backend;
    this.#native = backend.binding;
    this.#variables = new Set(backend.getInputTensorIds(variables));
  }

  /** tfjs-node's binding with its calls recorded. */
  binding(native: Binding): Binding {
    const recording: Pick<Binding, 'executeOp' | 'tensorDataSync'> = {
      executeOp: (name, attributes, inputIds, outputs) => {
        // Refused before it runs: what it made would have no owner.
        const inputs = inputIds.map((id) => this.#value(id));
        this.#refuseValueDependentShape(name, attributes, inputs);
        const results = native.executeOp(name, attributes, inputIds, outputs);
        this.#record(name, attributes, inputs, results);
        return results;
      },
      tensorDataSync: (id) => {
        const value = this.#values.get(id);
        if (value !== undefined && this.#traced.has(value) && !this.#reading) {
          throw new TraceError(
            `the function reads the value of a tensor (of ${value.op.name ?? value.op.type}, shape [${value.shape}]) ` +
              'with dataSync or the like: what follows could differ from call to call, and a trace is the same for ' +
              'all; use tf.where or arithmetic, or decide outside and pass the decision as an input',
          );
        }
        return native.tensorDataSync(id);
      },
    };
    // N-API's properties are read-only and not enumerable: the new ones are defined on an heir.
    return Object.create(native, Object.getOwnPropertyDescriptors(recording)) as Binding;
  }

  whileReading<T>(work: () => T): T {
    this.#reading = true;
    try {
      return work();
    } finally {
      this.#reading = false;
    }
  }

  /** What comes from outside. Bytes are fed as they are; the function, for lack of a dtype, sees them as int32. */
  source(type: 'State' | 'Input', name: string, tensor: Tensor, bytes: boolean): void {
    const [id] = this.#backend.getInputTensorIds([tensor]) as [number];
    const { shape } = tensor;
    const dtype = bytes ? DT.uint8 : tensor.dtype === 'int32' ? DT.int32 : DT.float32;
    let value = makeOp(type, [], {}, [{ shape, dtype }], { name }).outputs[0]!;
    if (bytes) {
      const attributes = { SrcT: { type: DT.uint8 }, DstT: { type: DT.int32 } };
      value = makeValue('Cast', [value], attributes, { shape, dtype: DT.int32 });
    }
    this.#values.set(id, value);
    this.#traced.add(value);
  }

  valueOf(tensor: Tensor): Value {
    const [id] = this.#backend.getInputTensorIds([tensor]) as [number];
    return this.#value(id, tensor.shape, this.#backend.tensorMap.get(tensor.dataId).dtype);
  }

  fuse(
    type: Fusion['type'],
    inputs: readonly Tensor[],
    outputs: readonly Tensor[],
    attributes: Readonly<Record<string, number>>,
  ): void {
    this.fusions.push({
      type,
      inputs: inputs.map((each) => this.valueOf(each)),
      outputs: outputs.map((each) => this.valueOf(each)),
      attributes,
    });
  }

  /** @throws TraceError for an op of traced inputs that may give another shape at the next call. */
  #refuseValueDependentShape(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Value[],
  ): void {
    const name = VALUE_DEPENDENT_SHAPES[type];
    if (name === undefined || !inputs.some((each) => this.#traced.has(each))) return;
    if (attributes.some((each) => each.name === 'pad_to_max_output_size' && each.value === true)) return;
    throw new TraceError(
      `the function uses ${name}, whose result has as many elements as the values say: a trace has the same shapes in ` +
        'all calls; use a mask of a fixed shape, or compute it outside and pass it as an input',
    );
  }

  #record(
    type: string,
    attributes: readonly OpAttribute[],
    inputs: readonly Value[],
    results: readonly TensorMetadata[],
  ): void {
    const given = Object.fromEntries(
      attributes.map((each) => [each.name, attributeOf(this.#native, type, each)]),
    );
    const op: Op = makeOp(type, inputs, completeAttributes(type, given, inputs), results);
    const traced = RANDOM_OPS.has(type) || inputs.some((each) => this.#traced.has(each));
    results.forEach(({ id }, i) => {
      this.#values.set(id, op.outputs[i]!);
      if (traced) this.#traced.add(op.outputs[i]!);
    });
  }

  /** The value behind a native tensor: recorded before, or else a constant, since tensors never change. */
  #value(id: number, shape?: readonly number[], dtype?: number): Value {
    const known = this.#values.get(id);
    if (known !== undefined) return known;
    if (this.#variables.has(id)) {
      throw new TraceError(
        'the function uses a tf.Variable, whose value a trace would freeze: pass it in state',
      );
    }
    const described = shape === undefined ? this.#describe(id) : { shape, dtype: dtype! };
    const array = this.#native.tensorDataSync(id);
    const data = new Uint8Array(array.buffer, array.byteOffset, array.byteLength).slice();
    const value = constantOf(described, data);
    this.#values.set(id, value);
    return value;
  }

  /** Shape and dtype of a native tensor of which only the id is known. */
  #describe(id: number): { shape: readonly number[]; dtype: number } {
    // Identity is the cheapest op that answers with them; its output is the same memory.
    const [copy] = this.#native.executeOp('Identity', [], [id], 1) as [TensorMetadata];
    this.#native.deleteTensor(copy.id);
    return copy;
  }
}

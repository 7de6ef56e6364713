import type { AttrValue } from './proto.ts';

/** TensorFlow's numbers for the dtypes that occur here. */
export const DT = { float32: 1, uint8: 4, int32: 3, string: 7, bool: 10, resource: 20 } as const;

/** One output of one op of a trace. */
export interface Value {
  readonly op: Op;
  readonly index: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

/**
 * One op of a trace. Beside TensorFlow's own there are three that stand for what comes from outside:
 * `Input` and `State` (by `name`), and `Const` (whose bytes are `data`).
 */
export interface Op {
  readonly type: string;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, AttrValue>>;
  readonly outputs: readonly Value[];
  readonly name?: string;
  readonly data?: Uint8Array;
}

/** Makes an op with its outputs. */
export function makeOp(
  type: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, AttrValue>>,
  outputs: readonly { readonly shape: readonly number[]; readonly dtype: number }[],
  extra: { name?: string; data?: Uint8Array } = {},
): Op {
  const values: Value[] = [];
  const op: Op = { type, inputs, attributes, outputs: values, ...extra };
  outputs.forEach(({ shape, dtype }, index) => {
    values.push({ op, index, shape, dtype });
  });
  return op;
}

/** The first output of a new op of one output. */
export function makeValue(
  type: string,
  inputs: readonly Value[],
  attributes: Readonly<Record<string, AttrValue>>,
  output: { readonly shape: readonly number[]; readonly dtype: number },
): Value {
  return makeOp(type, inputs, attributes, [output]).outputs[0]!;
}

/** A constant of int32 values: what shapes and axes are in a graph. */
export function int32Constant(values: readonly number[]): Value {
  const data = new Uint8Array(Int32Array.from(values).buffer);
  return makeOp('Const', [], {}, [{ shape: [values.length], dtype: DT.int32 }], { data }).outputs[0]!;
}

/** A constant float32 scalar. */
export function floatConstant(value: number): Value {
  const data = new Uint8Array(Float32Array.of(value).buffer);
  return makeOp('Const', [], {}, [{ shape: [], dtype: DT.float32 }], { data }).outputs[0]!;
}

/** The number of elements of a shape. */
export function elementsOf(shape: readonly number[]): number {
  return shape.reduce((product, each) => product * each, 1);
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

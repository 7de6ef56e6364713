import { elementsOf } from '@qfleet/spaces';
import { PolicyError } from '../policy-error.ts';
import type { Call, Size, Value } from './computation.ts';
import {
  ATTRIBUTE,
  type AttributeProto,
  ELEMENT,
  type ElementType,
  type NodeProto,
  type TensorProto,
} from './proto.ts';

/** An attribute of a node: an integer, a list of integers, or a float. */
export type Attribute =
  | number
  | readonly number[]
  | { readonly float: number }
  | { readonly tensor: TensorProto };

/** Adds the nodes of a kernel's call, and gives the names of its outputs. */
export type Operator = (graph: Graph, call: Call) => readonly string[];

/** The values of a constant. */
type Data = Float32Array | Int32Array | Uint8Array | BigInt64Array;

/** Nodes and initializers, added one by one: each comes after those whose outputs it takes. */
export class Graph {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** The names of the inputs as the computation sees them, by theirs. */
  readonly #inputs: ReadonlyMap<string, string>;
  /** The input of which each row is a row of the computation. */
  readonly #rowsOf: string;
  readonly #operators: ReadonlyMap<string, Operator>;
  readonly #values = new Map<Value, string>();
  readonly #results = new Map<Call, readonly string[]>();
  readonly #constants = new Map<Data, string>();
  readonly #integers = new Map<string, string>();
  #rows: string | null = null;

  constructor(operators: ReadonlyMap<string, Operator>, inputs: ReadonlyMap<string, string>, rowsOf: string) {
    this.#operators = operators;
    this.#inputs = inputs;
    this.#rowsOf = rowsOf;
  }

  /** Adds a node with one output, and gives the name of that. */
  node(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    return this.outputs(opType, input, attributes, 1)[0];
  }

  /** Adds a node with so many outputs, and gives their names. */
  outputs(
    opType: string,
    input: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    count: number,
  ): string[] {
    const name = `${opType}_${this.nodes.length}`;
    const output = Array.from({ length: count }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push({ name, opType, input, output, attribute });
    return output;
  }

  /** Gives what has a name another. */
  rename(from: string, to: string): void {
    this.nodes.push({
      name: `Identity_${to}`,
      opType: 'Identity',
      input: [from],
      output: [to],
      attribute: [],
    });
  }

  /** Gives what has a name in another element type another. */
  cast(from: string, to: string, type: number): void {
    const attribute = [attributeProto('to', type)];
    this.nodes.push({ name: `Cast_${to}`, opType: 'Cast', input: [from], output: [to], attribute });
  }

  /** Integers as a vector, which shapes and axes are given as. */
  integers(values: readonly number[]): string {
    const key = values.join();
    const known = this.#integers.get(key);
    if (known !== undefined) return known;
    const name = this.initializer('int64', [values.length], BigInt64Array.from(values, BigInt));
    this.#integers.set(key, name);
    return name;
  }

  /** A number as a tensor of rank 0. */
  scalar(dtype: 'float32' | 'int32' | 'int64' | 'bool', value: number): string {
    const data = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
    if (dtype === 'int64') return this.initializer(dtype, [], BigInt64Array.of(BigInt(value)));
    return this.initializer(dtype, [], data[dtype].of(value));
  }

  /** Adds a constant, and gives its name. @param given that of a parameter; left out: it has none. */
  initializer(type: ElementType, dims: readonly number[], data: Data, given = 'constant'): string {
    const isTaken = given === 'constant' || this.initializers.some((each) => each.name === given);
    const name = isTaken ? `${given}_${this.initializers.length}` : given;
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push({ name, dims, dataType: ELEMENT[type], rawData });
    return name;
  }

  /** The name of a value, after adding what it follows from. */
  ref(value: Value): string {
    let name = this.#values.get(value);
    if (name === undefined) {
      name = this.#emit(value);
      this.#values.set(value, name);
    }
    return name;
  }

  #emit({ source, shape, dtype }: Value): string {
    if (source.kind === 'input') return this.#inputs.get(source.name)!;
    if (source.kind === 'call') return this.#call(source.call)[source.index];
    let name = this.#constants.get(source.data);
    if (name === undefined) {
      name = this.initializer(dtype, source.shape, source.data, source.name ?? undefined);
      this.#constants.set(source.data, name);
    }
    return shape.every((size) => typeof size === 'number')
      ? name
      : this.node('Expand', [name, this.sizes(shape)]);
  }

  #call(call: Call): readonly string[] {
    let results = this.#results.get(call);
    if (results === undefined) {
      const operator = this.#operators.get(call.kernel);
      if (operator === undefined) {
        throw new PolicyError(
          `The network can't be written as ONNX: it uses tfjs’s ${call.kernel}, which is not translated; write it with other ` +
            'operations, or export to .safetensors.',
        );
      }
      results = operator(this, call);
      this.#results.set(call, results);
    }
    return results;
  }

  /** A shape as a vector that is computed where it depends on the number of rows. */
  sizes(shape: readonly Size[]): string {
    if (shape.every((size) => typeof size === 'number')) return this.integers(shape);
    const parts = shape.map((size) =>
      typeof size === 'number'
        ? this.integers([size])
        : size.times === 1
          ? this.#rowCount()
          : this.node('Mul', [this.#rowCount(), this.integers([size.times])]),
    );
    return parts.length === 1 ? parts[0] : this.node('Concat', parts, { axis: 0 });
  }

  /** A shape as a reshape takes it: the one size that depends on the number of rows follows from the others. */
  target(shape: readonly Size[]): string {
    const open = shape.filter((size) => typeof size !== 'number').length;
    const empty = shape.some((size) => size === 0);
    if (open > 1 || empty) return this.sizes(shape);
    return this.integers(shape.map((size) => (typeof size === 'number' ? size : -1)));
  }

  /** The number of rows, as a vector of one. */
  #rowCount(): string {
    this.#rows ??= this.node('Slice', [
      this.node('Shape', [this.#rowsOf]),
      this.integers([0]),
      this.integers([1]),
    ]);
    return this.#rows;
  }
}

/** A constant's numbers with its axes in another order. */
export function transposed(
  { data, shape }: { readonly data: Float32Array; readonly shape: readonly number[] },
  order: readonly number[],
): { data: Float32Array; shape: number[] } {
  const to = order.map((axis) => shape[axis]);
  const strides = shape.map((_, axis) => elementsOf(shape.slice(axis + 1)));
  const moved = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    let [rest, from] = [at, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]) * strides[order[axis]];
      rest = Math.floor(rest / to[axis]);
    }
    moved[at] = data[from];
  }
  return { data: moved, shape: to };
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === 'number') return { name, type: ATTRIBUTE.int, i: value };
  if ('float' in value) return { name, type: ATTRIBUTE.float, f: value.float };
  if ('tensor' in value) return { name, type: ATTRIBUTE.tensor, t: value.tensor };
  return { name, type: ATTRIBUTE.ints, ints: value };
}

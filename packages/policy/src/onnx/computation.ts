import { elementsOf } from '@qfleet/spaces';
import { PolicyError } from '../policy-error.ts';
import type { Recorded, RecordedCall, RecordedDType } from './record.ts';

/** A size that does not depend on the number of rows, or `times` the number of rows. */
export type Size = number | { readonly times: number };

/** A tensor of a computation for any number of rows. */
export interface Value {
  readonly shape: readonly Size[];
  readonly dtype: RecordedDType;
  readonly source:
    | { readonly kind: 'input'; readonly name: string }
    | ConstantSource
    | { readonly kind: 'call'; readonly call: Call; readonly index: number };
}

/** A constant of the shape `shape`, repeated along the first axis for each row where the value's shape says so. */
interface ConstantSource {
  readonly kind: 'constant';
  readonly name: string | null;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** A call of a kernel of tfjs, whose attributes hold `{ times }` where they depend on the number of rows. */
export interface Call {
  readonly kernel: string;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly outputs: readonly Value[];
}

/** Two recordings of one function, of so many rows each. */
export interface Recordings {
  readonly rows: readonly [number, number];
  readonly first: ReadonlyMap<string, Recorded>;
  readonly second: ReadonlyMap<string, Recorded>;
}

/**
 * What a function computes for any number of rows, of what it did for two of them: a size that is the same in both does not
 * depend on it.
 *
 * @throws PolicyError where it does something else for other numbers of rows.
 */
export function computationOf({ rows, first, second }: Recordings): ReadonlyMap<string, Value> {
  const merge = new Merge(rows);
  return new Map([...first].map(([name, value]) => [name, merge.value(value, second.get(name)!)]));
}

class Merge {
  readonly #rows: readonly [number, number];
  readonly #values = new Map<Recorded, Value>();
  readonly #calls = new Map<RecordedCall, Call>();

  constructor(rows: readonly [number, number]) {
    this.#rows = rows;
  }

  value(a: Recorded, b: Recorded): Value {
    const known = this.#values.get(a);
    if (known !== undefined) return known;
    const shape = a.shape.map((size, axis) => this.#size(size, b.shape[axis]));
    const value: Value = { shape, dtype: a.dtype, source: this.#source(a, b) };
    this.#values.set(a, value);
    return value;
  }

  #source(a: Recorded, b: Recorded): Value['source'] {
    if (a.source.kind === 'input') return a.source;
    if (a.source.kind === 'call' && b.source.kind === 'call') {
      return { kind: 'call', call: this.#call(a.source.call, b.source.call), index: a.source.index };
    }
    if (a.source.kind === 'constant' && b.source.kind === 'constant') return this.#constant(a, b);
    throw unlike('computes something else');
  }

  #call(a: RecordedCall, b: RecordedCall): Call {
    const known = this.#calls.get(a);
    if (known !== undefined) return known;
    if (a.kernel !== b.kernel || a.inputs.length !== b.inputs.length) throw unlike(`calls ${b.kernel}`);
    const outputs: Value[] = [];
    const call: Call = {
      kernel: a.kernel,
      inputs: a.inputs.map(([, value], i) => this.value(value, b.inputs[i][1])),
      attributes: this.#attribute(a.attributes, b.attributes) as Record<string, unknown>,
      outputs,
    };
    this.#calls.set(a, call);
    for (const [index, { shape, dtype }] of a.outputs.entries()) {
      const sizes = shape.map((size, axis) => this.#size(size, b.outputs[index].shape[axis]));
      outputs.push({ shape: sizes, dtype, source: { kind: 'call', call, index } });
    }
    return call;
  }

  /** A constant that has a row for each row is one row, where these are alike. */
  #constant(a: Recorded, b: Recorded): ConstantSource {
    const [of, other] = [constantOf(a), constantOf(b)];
    const same = a.shape.every((size, axis) => size === b.shape[axis]);
    if (same && of.data.every((x, i) => Object.is(x, other.data[i]))) {
      return { kind: 'constant', name: of.name, shape: a.shape, data: of.data };
    }
    const row = a.shape.slice(1);
    const width = elementsOf(row);
    const alike = [of, other].every(({ data }) => data.every((x, i) => Object.is(x, of.data[i % width])));
    if (!alike || row.some((size, axis) => size !== b.shape[axis + 1])) throw unlike('has other constants');
    return { kind: 'constant', name: null, shape: [1, ...row], data: of.data.slice(0, width) };
  }

  #attribute(a: unknown, b: unknown): unknown {
    if (typeof a === 'number') return this.#size(a, b as number);
    if (ArrayBuffer.isView(a) || Array.isArray(a)) {
      const [as, bs] = [Array.from(a as number[]), Array.from(b as number[])];
      return as.map((each, i) => this.#attribute(each, bs[i]));
    }
    if (typeof a !== 'object' || a === null) return a;
    return Object.fromEntries(
      Object.entries(a).map(([name, each]) => [
        name,
        this.#attribute(each, (b as Record<string, unknown>)[name]),
      ]),
    );
  }

  #size(a: number, b: number | undefined): Size {
    if (Object.is(a, b)) return a;
    const [rows, others] = this.#rows;
    const times = a / rows;
    if (!Number.isInteger(times) || times * others !== b) throw unlike(`has a size of ${a} and of ${b}`);
    return { times };
  }
}

const constantOf = ({ source }: Recorded) =>
  (source as Extract<Recorded['source'], { kind: 'constant' }>).constant;

const unlike = (what: string): PolicyError =>
  new PolicyError(
    `The network can't be written as ONNX: its forward pass ${what} for another number of rows, and a file is the same for ` +
      'all: let its shapes follow from those of its inputs.',
  );

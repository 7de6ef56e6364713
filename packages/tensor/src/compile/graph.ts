import { type AttrValue, type NodeDef, shapeProto } from './proto.ts';
import { DT } from './values.ts';

/** Constants up to this size are shared among the nodes of a graph. */
const SHARED_BYTES = 256;

/** A graph under construction. A reference is `name:index`. */
export class GraphBuilder {
  readonly nodes: NodeDef[] = [];
  readonly #constants = new Map<string, string>();

  /** Adds a node; the name is made up where none is given. Returns it, for `ref` and `after`. */
  node(
    op: string,
    input: readonly string[],
    attr: Readonly<Record<string, AttrValue>>,
    options: { name?: string; after?: readonly string[] } = {},
  ): NodeDef {
    const name = options.name ?? `n${this.nodes.length}`;
    const order = (options.after ?? []).map((each) => `^${each}`);
    const node: NodeDef = { name, op, input: [...input, ...order], attr: { ...attr } };
    this.nodes.push(node);
    return node;
  }

  /** Adds a node of one output and returns the reference to it. */
  add(op: string, input: readonly string[], attr: Readonly<Record<string, AttrValue>>): string {
    return ref(this.node(op, input, attr));
  }

  constant(dtype: number, shape: readonly number[], data: Uint8Array): string {
    const key =
      data.length <= SHARED_BYTES ? `${dtype}:${shape.join()}:${Buffer.from(data).toString('hex')}` : null;
    const known = key === null ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const tensor = { dtype, tensorShape: shapeProto(shape), tensorContent: data };
    const reference = this.add('Const', [], { dtype: { type: dtype }, value: { tensor } });
    if (key !== null) this.#constants.set(key, reference);
    return reference;
  }

  ints(values: readonly number[]): string {
    return this.constant(DT.int32, [values.length], new Uint8Array(Int32Array.from(values).buffer));
  }

  int(value: number): string {
    return this.constant(DT.int32, [], new Uint8Array(Int32Array.of(value).buffer));
  }

  float(value: number): string {
    return this.constant(DT.float32, [], new Uint8Array(Float32Array.of(value).buffer));
  }

  reshape(input: string, dtype: number, shape: readonly number[]): string {
    return this.add('Reshape', [input, this.ints(shape)], { T: { type: dtype }, Tshape: { type: DT.int32 } });
  }

  bitcast(input: string, from: number, to: number): string {
    return this.add('Bitcast', [input], { T: { type: from }, type: { type: to } });
  }
}

/** An output of a node. */
export function ref(node: NodeDef, index = 0): string {
  return `${node.name}:${index}`;
}

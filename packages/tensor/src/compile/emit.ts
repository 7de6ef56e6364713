import { GraphBuilder, ref } from './graph.ts';
import { type Block, type InputShape, layOut, ROW_WORDS } from './layout.ts';
import { type NodeDef, shapeProto } from './proto.ts';
import { Simplifier } from './simplify.ts';
import { StepEmitter } from './step.ts';
import type { Fusion, Trace } from './trace.ts';
import { DT, elementsOf, type Value } from './values.ts';
import { Variable } from './variable.ts';

/** One function of a graph: a trace, and how often a call applies it. */
export interface GraphFunction {
  readonly trace: Trace;
  readonly inputs: readonly InputShape[];
  readonly unroll: number;
}

/** The names under which the parts of a graph are fed and fetched. */
export const NAMES = {
  feed: (index: number) => `f${index}_in:0`,
  fetch: (index: number) => `f${index}_out:0`,
  read: (variable: number) => `v${variable}_read:0`,
  value: (variable: number) => `v${variable}_value:0`,
  stored: (variable: number) => `v${variable}_stored:0`,
};

/**
 * The graph of functions on one state. The state is resource variables, read when a call begins and assigned when it
 * ends; applications of a call hand values on to each other without touching them. `id` keeps variables of different
 * graphs apart.
 */
export function buildGraph(
  state: readonly { name: string; shape: readonly number[] }[],
  functions: readonly GraphFunction[],
  id: string,
): NodeDef[] {
  const graph = new GraphBuilder();
  const handles = new Map<string, string>();
  state.forEach(({ name, shape }, i) => {
    handles.set(name, declareVariable(graph, i, shape, `${id}/${i}`));
  });
  functions.forEach((each, i) => {
    new FunctionEmitter(graph, handles, each).emit(i);
  });
  return graph.nodes;
}

/** A variable with the ops that read and replace it from outside. */
function declareVariable(
  graph: GraphBuilder,
  index: number,
  shape: readonly number[],
  shared: string,
): string {
  const dtype = { type: DT.float32 };
  const attributes = { dtype, shape: { shape: shapeProto(shape) } };
  const handle = ref(
    graph.node('VarHandleOp', [], {
      ...attributes,
      container: { s: new Uint8Array() },
      shared_name: { s: Buffer.from(shared) },
    }),
  );
  graph.node('ReadVariableOp', [handle], { dtype }, { name: `v${index}_read` });
  const value = graph.node('Placeholder', [], attributes, { name: `v${index}_value` });
  // A copy: a fed tensor may be the caller's own memory, which updates in place would write to.
  const copy = graph.add('DeepCopy', [ref(value)], { T: dtype });
  const assign = graph.node('AssignVariableOp', [handle, copy], { dtype });
  const tensor = { dtype: DT.int32, tensorShape: shapeProto([]), tensorContent: new Uint8Array(4) };
  const done = { dtype: { type: DT.int32 }, value: { tensor } };
  graph.node('Const', [], done, { name: `v${index}_stored`, after: [assign.name] });
  return handle;
}

class FunctionEmitter {
  readonly #graph: GraphBuilder;
  readonly #trace: Trace;
  readonly #function: GraphFunction;
  readonly #variables = new Map<string, Variable>();
  /** Fused groups that apply, by each of their outputs. */
  readonly #fusions = new Map<Value, Fusion>();
  #pieces: readonly ReadonlyMap<string, string>[] = [];

  constructor(graph: GraphBuilder, handles: ReadonlyMap<string, string>, fn: GraphFunction) {
    this.#graph = graph;
    this.#function = fn;
    this.#trace = simplified(fn.trace);
    for (const [name, handle] of handles) this.#variables.set(name, new Variable(graph, handle));
    for (const fusion of this.#trace.fusions) {
      if (!this.#updatesState(fusion)) continue;
      for (const output of fusion.outputs) this.#fusions.set(output, fusion);
    }
  }

  emit(index: number): void {
    const { unroll } = this.#function;
    const outputs = [...this.#trace.outputs].map(([name, value]) => ({ name, value, parts: [] as string[] }));
    this.#pieces = this.#unpack(index);
    for (let k = 0; k < unroll; k++) {
      const step = new StepEmitter(this.#graph, this.#variables, this.#fusions, this.#pieces[k]!);
      for (const { value, parts } of outputs) parts.push(this.#flat(step.emit(value), value));
      // All new values before any is handed on: each is a function of the state at the application's beginning.
      const changes = [...this.#trace.newState].flatMap(([name, value]) => {
        const isUpdated = step.update(value);
        if (isUpdated && this.#updates(name, value)) return [];
        return [{ name, reference: step.emit(value), shared: isUpdated || mayShareMemory(value) }];
      });
      for (const { name, reference, shared } of changes)
        this.#variables.get(name)!.replace(reference, shared);
    }
    // One op may update several variables.
    const stores = [...new Set([...this.#variables.values()].flatMap((each) => each.store()))];
    const packed = this.#pack(outputs.flatMap(({ parts }) => parts));
    this.#graph.node(
      'Identity',
      [packed],
      { T: { type: DT.float32 } },
      { name: `f${index}_out`, after: stores },
    );
  }

  /** Whether a fused group reads variables as they are and its results are what they become. */
  #updatesState({ inputs, outputs }: Fusion): boolean {
    return outputs.every((output, i) => {
      const source = inputs[i]!;
      return source.op.type === 'State' && this.#trace.newState.get(source.op.name!) === output;
    });
  }

  /** Whether the fused group that a value comes from writes it to this variable. */
  #updates(name: string, value: Value): boolean {
    const { inputs, outputs } = this.#fusions.get(value)!;
    return inputs[outputs.indexOf(value)]!.op.name === name;
  }

  /** Cuts the packed input into the tensors of each application, by name. */
  #unpack(index: number): ReadonlyMap<string, string>[] {
    const { inputs, unroll } = this.#function;
    const { blocks, rows } = layOut(inputs, unroll);
    const graph = this.#graph;
    const feed = graph.node(
      'Placeholder',
      [],
      { dtype: { type: DT.int32 }, shape: { shape: shapeProto([rows, ROW_WORDS]) } },
      { name: `f${index}_in` },
    );
    const applications = Array.from({ length: unroll }, () => new Map<string, string>());
    if (blocks.length === 0) return applications;
    // As float32 from here on: the bits are the same, and it is the dtype that every device has kernels for.
    const floats = graph.bitcast(ref(feed), DT.int32, DT.float32);
    const sizes = blocks.map((each) => each.rows);
    const split = graph.node('SplitV', [floats, graph.ints(sizes), graph.int(0)], {
      T: { type: DT.float32 },
      Tlen: { type: DT.int32 },
      num_split: { i: sizes.length },
    });
    blocks.forEach((block, i) => {
      const tensors = this.#tensors(block, ref(split, i));
      tensors.forEach((tensor, j) => {
        const { names } = block;
        applications[Math.floor(j / names.length)]!.set(names[j % names.length]!, tensor);
      });
    });
    return applications;
  }

  /** The tensors of a block in their order. */
  #tensors({ names, shape, dtype, words, rows }: Block, block: string): string[] {
    const graph = this.#graph;
    const count = names.length * this.#function.unroll;
    const type = DT[dtype];
    const elements = elementsOf(shape);
    // Tensors come out of the block in their shape, except bytes and those with padding after them.
    const exact = dtype !== 'uint8' && words === elements;
    const inner = exact ? shape : [words];
    const used = this.#first(block, DT.float32, rows * ROW_WORDS, count * words);
    const all = graph.reshape(used, DT.float32, count === 1 ? inner : [count, ...inner]);
    const attributes = { T: { type: DT.float32 }, num: { i: count }, axis: { i: 0 } };
    const unpacked = count === 1 ? null : graph.node('Unpack', [all], attributes);
    return Array.from({ length: count }, (_, i) => {
      const floats = unpacked === null ? all : ref(unpacked, i);
      const tensor = dtype === 'float32' ? floats : graph.bitcast(floats, DT.float32, type);
      if (exact) return tensor;
      const values = this.#first(tensor, type, words * (dtype === 'uint8' ? 4 : 1), elements);
      return graph.reshape(values, type, shape);
    });
  }

  /** The first `length` values of a tensor of `size`, as a vector where that is not all. */
  #first(tensor: string, type: number, size: number, length: number): string {
    if (length === size) return tensor;
    const graph = this.#graph;
    return graph.add('Slice', [graph.reshape(tensor, type, [size]), graph.ints([0]), graph.ints([length])], {
      T: { type },
      Index: { type: DT.int32 },
    });
  }

  /** An output as a vector of float32 (int32 by their bits). */
  #flat(reference: string, { dtype, shape }: Value): string {
    const graph = this.#graph;
    let flat = reference;
    let from = dtype;
    if (from === DT.bool) {
      flat = graph.add('Cast', [flat], { SrcT: { type: DT.bool }, DstT: { type: DT.int32 } });
      from = DT.int32;
    }
    if (from === DT.int32) flat = graph.bitcast(flat, DT.int32, DT.float32);
    return shape.length === 1 ? flat : graph.reshape(flat, DT.float32, [-1]);
  }

  #pack(parts: readonly string[]): string {
    if (parts.length === 0) return this.#graph.constant(DT.float32, [0], new Uint8Array());
    if (parts.length === 1) return parts[0]!;
    return this.#graph.add('ConcatV2', [...parts, this.#graph.int(0)], {
      N: { i: parts.length },
      T: { type: DT.float32 },
      Tidx: { type: DT.int32 },
    });
  }
}

/** Whether the value's memory may be that of an input or of another variable. */
function mayShareMemory(value: Value): boolean {
  let source = value;
  while (source.op.type === 'Reshape') source = source.op.inputs[0]!;
  return source.op.type === 'Input' || source.op.type === 'State';
}

function simplified(trace: Trace): Trace {
  const simplifier = new Simplifier();
  const all = (values: ReadonlyMap<string, Value>) =>
    new Map([...values].map(([name, value]) => [name, simplifier.simplify(value)]));
  return {
    newState: all(trace.newState),
    outputs: all(trace.outputs),
    fusions: trace.fusions.map((fusion) => ({
      ...fusion,
      inputs: fusion.inputs.map((each) => simplifier.simplify(each)),
      outputs: fusion.outputs.map((each) => simplifier.simplify(each)),
    })),
  };
}

import { type GraphBuilder, ref } from './graph.ts';
import type { NodeDef } from './proto.ts';
import type { Fusion } from './trace.ts';
import { DT, type Op, type Value } from './values.ts';
import type { Variable } from './variable.ts';

/** One application of a function: its ops as nodes of the graph, each emitted when it is first needed. */
export class StepEmitter {
  readonly #graph: GraphBuilder;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #fusions: ReadonlyMap<Value, Fusion>;
  readonly #inputs: ReadonlyMap<string, string>;
  readonly #ops = new Map<Op, NodeDef>();
  readonly #references = new Map<Value, string>();
  /** Reads what a fused group left in a variable. */
  readonly #updated = new Map<Value, () => string>();
  /** The state at the application's beginning, whenever it is first asked for: whole, and by rows. */
  readonly #begin: ReadonlyMap<string, () => string>;
  readonly #beginRows: ReadonlyMap<string, ReturnType<Variable['rowReader']>>;

  constructor(
    graph: GraphBuilder,
    variables: ReadonlyMap<string, Variable>,
    fusions: ReadonlyMap<Value, Fusion>,
    inputs: ReadonlyMap<string, string>,
  ) {
    this.#graph = graph;
    this.#variables = variables;
    this.#fusions = fusions;
    this.#inputs = inputs;
    const each = [...variables];
    this.#begin = new Map(each.map(([name, variable]) => [name, variable.reader()]));
    this.#beginRows = new Map(each.map(([name, variable]) => [name, variable.rowReader()]));
  }

  /** The reference to a value, after emitting what it needs. */
  emit(value: Value): string {
    const known = this.#references.get(value);
    if (known !== undefined) return known;
    const reference = this.#emitNew(value);
    this.#references.set(value, reference);
    return reference;
  }

  /** Emits the fused group whose output the value is, if there is one: its variable is then up to date. */
  update(value: Value): boolean {
    const fusion = this.#fusions.get(value);
    if (fusion === undefined) return false;
    if (!this.#updated.has(value)) this.#emitFusion(fusion);
    return true;
  }

  #emitNew(value: Value): string {
    if (this.update(value)) return this.#updated.get(value)!();
    const { op } = value;
    if (op.type === 'State') return this.#begin.get(op.name!)!();
    if (op.type === 'Input') return this.#inputs.get(op.name!)!;
    if (op.type === 'Const') return this.#graph.constant(value.dtype, value.shape, op.data!);
    const rows = this.#rowsOfState(op);
    if (rows !== null) return rows;
    let node = this.#ops.get(op);
    if (node === undefined) {
      node = this.#graph.node(
        op.type,
        op.inputs.map((each) => this.emit(each)),
        op.attributes,
      );
      this.#ops.set(op, node);
    }
    return ref(node, value.index);
  }

  /** Rows gathered from the state where it lies: a variable whose rows are written in place is copied to be read whole. */
  #rowsOfState({ type, inputs, attributes }: Op): string | null {
    if (type !== 'GatherV2') return null;
    const [state, indices, axis] = inputs as [Value, Value, Value];
    if (state.op.type !== 'State' || attributes['batch_dims']?.i !== 0) return null;
    if (axis.op.type !== 'Const' || axis.op.data!.some((byte) => byte !== 0)) return null;
    const read = this.#beginRows.get(state.op.name!) ?? null;
    return read === null ? null : read(this.emit(indices), indices.dtype);
  }

  /** A fused group as the one op that updates the variables of its outputs in place. */
  #emitFusion(fusion: Fusion): void {
    const count = fusion.outputs.length;
    const variables = fusion.inputs.slice(0, count).map((each) => this.#variables.get(each.op.name!)!);
    const handles = variables.map((each) => each.handle);
    const rest = fusion.inputs.slice(count);
    const inputs = rest.map((each) => this.emit(each));
    if (fusion.type === 'Adam') this.#decay(variables[0]!, inputs[3]);
    const node =
      fusion.type === 'Adam'
        ? this.#adam(handles, inputs, fusion.attributes)
        : this.#graph.node('ResourceScatterUpdate', [...handles, ...inputs], {
            dtype: { type: DT.float32 },
            Tindices: { type: rest[0]!.dtype },
          });
    fusion.outputs.forEach((output, i) => {
      variables[i]!.updatedBy(node);
      this.#updated.set(output, variables[i]!.reader());
    });
  }

  /** Multiplies a variable by `keep`, where that is given. */
  #decay(variable: Variable, keep: string | undefined): void {
    if (keep === undefined) return;
    const product = this.#graph.add('Mul', [variable.reader()(), keep], { T: { type: DT.float32 } });
    const dtype = { type: DT.float32 };
    variable.updatedBy(this.#graph.node('AssignVariableOp', [variable.handle, product], { dtype }));
  }

  /** The bias corrections are in the step size and epsilon that it is given. */
  #adam(handles: readonly string[], inputs: readonly string[], attributes: Fusion['attributes']): NodeDef {
    const [gradient, stepSize, epsilon] = inputs as [string, string, string];
    const graph = this.#graph;
    const zero = graph.float(0);
    const betas = [graph.float(attributes['beta1']!), graph.float(attributes['beta2']!)];
    return graph.node('ResourceApplyAdam', [...handles, zero, zero, stepSize, ...betas, epsilon, gradient], {
      T: { type: DT.float32 },
      use_locking: { b: false },
      use_nesterov: { b: false },
    });
  }
}

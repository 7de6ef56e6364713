import { type GraphBuilder, ref } from './graph.ts';
import type { NodeDef } from './proto.ts';
import { DT } from './values.ts';

const FLOAT = { type: DT.float32 };

/** A variable's content between two ops that change it in place. */
interface Version {
  read: NodeDef | null;
  /** Every op that reads it, all of it or some rows: they run before the op that ends it. */
  readonly readers: NodeDef[];
  /** The op that made it; null for what the call found. */
  readonly madeBy: NodeDef | null;
  endedBy: NodeDef | null;
}

/** One entry of the state within one function: where its value is at each point of the emission. */
export class Variable {
  readonly handle: string;
  readonly #graph: GraphBuilder;
  #version: Version = newVersion(null);
  /** A new value that is not yet in the variable. */
  #pending: { reference: string; shared: boolean } | null = null;

  constructor(graph: GraphBuilder, handle: string) {
    this.#graph = graph;
    this.handle = handle;
  }

  /** Gives the reference to the value as of now, whenever it is called; what is never asked for is never read. */
  reader(): () => string {
    const pending = this.#pending;
    if (pending !== null) return () => pending.reference;
    const version = this.#version;
    return () => this.#read(version);
  }

  /**
   * Gives the references to rows of the value as of now, without a copy of the rest; null where the value is not in the
   * variable.
   */
  rowReader(): ((indices: string, indexType: number) => string) | null {
    if (this.#pending !== null) return null;
    const version = this.#version;
    return (indices, indexType) => {
      const attributes = {
        dtype: FLOAT,
        Tindices: { type: indexType },
        batch_dims: { i: 0 },
        validate_indices: { b: true },
      };
      return ref(this.#reader(version, 'ResourceGather', [this.handle, indices], attributes));
    };
  }

  /** From here on the value is `reference`. `shared` says that its memory may belong to something else. */
  replace(reference: string, shared: boolean): void {
    this.#pending = { reference, shared };
  }

  /** From here on the value is what `update` leaves in the variable. */
  updatedBy(update: NodeDef): void {
    const { readers, madeBy } = this.#version;
    for (const earlier of [...readers, madeBy]) if (earlier !== null) update.input.push(`^${earlier.name}`);
    this.#version.endedBy = update;
    this.#version = newVersion(update);
  }

  /** Brings the value into the variable; the names of what must have run before the call may end. */
  store(): string[] {
    if (this.#pending === null) return this.#version.madeBy === null ? [] : [this.#version.madeBy.name];
    let { reference } = this.#pending;
    if (this.#pending.shared) reference = this.#graph.add('DeepCopy', [reference], { T: FLOAT });
    const after = this.#version.readers.map((each) => each.name);
    return [this.#graph.node('AssignVariableOp', [this.handle, reference], { dtype: FLOAT }, { after }).name];
  }

  #read(version: Version): string {
    version.read ??= this.#reader(version, 'ReadVariableOp', [this.handle], { dtype: FLOAT });
    return ref(version.read);
  }

  /** An op that reads a version: after the op that made it, before the one that ends it. */
  #reader(version: Version, type: string, inputs: string[], attributes: NodeDef['attr']): NodeDef {
    const after = version.madeBy === null ? [] : [version.madeBy.name];
    const node = this.#graph.node(type, inputs, attributes, { after });
    version.readers.push(node);
    // Emitted after the op that ends the version, but it has to run before it.
    version.endedBy?.input.push(`^${node.name}`);
    return node;
  }
}

const newVersion = (madeBy: NodeDef | null): Version => ({ read: null, readers: [], madeBy, endedBy: null });

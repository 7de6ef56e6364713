import { type GraphBuilder, ref } from './graph.ts';
import type { NodeDef } from './proto.ts';
import { DT } from './values.ts';

const FLOAT = { type: DT.float32 };

/** A variable's content between two ops that change it in place. */
interface Version {
  read: NodeDef | null;
  /** The op that made it; null for what the call found. */
  readonly madeBy: NodeDef | null;
  endedBy: NodeDef | null;
}

/** One entry of the state within one function: where its value is at each point of the emission. */
export class Variable {
  readonly handle: string;
  readonly #graph: GraphBuilder;
  #version: Version = { read: null, madeBy: null, endedBy: null };
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

  /** From here on the value is `reference`. `shared` says that its memory may belong to something else. */
  replace(reference: string, shared: boolean): void {
    this.#pending = { reference, shared };
  }

  /** From here on the value is what `update` leaves in the variable. */
  updatedBy(update: NodeDef): void {
    const { read, madeBy } = this.#version;
    for (const earlier of [read, madeBy]) if (earlier !== null) update.input.push(`^${earlier.name}`);
    this.#version.endedBy = update;
    this.#version = { read: null, madeBy: update, endedBy: null };
  }

  /** Brings the value into the variable; the names of what must have run before the call may end. */
  store(): string[] {
    if (this.#pending === null) return this.#version.madeBy === null ? [] : [this.#version.madeBy.name];
    let { reference } = this.#pending;
    if (this.#pending.shared) reference = this.#graph.add('DeepCopy', [reference], { T: FLOAT });
    const { read } = this.#version;
    const after = read === null ? [] : [read.name];
    return [this.#graph.node('AssignVariableOp', [this.handle, reference], { dtype: FLOAT }, { after }).name];
  }

  #read(version: Version): string {
    if (version.read === null) {
      const after = version.madeBy === null ? [] : [version.madeBy.name];
      version.read = this.#graph.node('ReadVariableOp', [this.handle], { dtype: FLOAT }, { after });
      // Emitted after the op that ends the version, but it has to run before it.
      version.endedBy?.input.push(`^${version.read.name}`);
    }
    return ref(version.read);
  }
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Binding } from '../binding.ts';
import type { NamedTensors } from '../named-tensors.ts';
import type { Runtime } from '../runtime.ts';
import { buildGraph, type GraphFunction, NAMES } from './emit.ts';
import { encodeSavedModel, TAG } from './proto.ts';
import { StateSpec } from './state.ts';
import { DT } from './values.ts';

/** A state in native variables, and the graph of all functions traced on it so far. */
export class NativeProgram {
  readonly runtime: Runtime;
  readonly binding: Binding;
  readonly spec: StateSpec;
  readonly #functions: GraphFunction[] = [];
  readonly #names: readonly string[];
  /** The values, while there is no graph that holds them. */
  #initial: NamedTensors;
  #session: number | null = null;

  constructor(runtime: Runtime, state: NamedTensors) {
    this.runtime = runtime;
    this.binding = runtime.binding!;
    this.spec = new StateSpec(state);
    this.#names = [...state.keys()];
    this.#initial = this.spec.copy(state);
  }

  /**
   * Adds a function to the graph, in which its index names what is fed and fetched. The state moves to the new graph.
   */
  add(fn: GraphFunction): number {
    const values = this.read(this.#names);
    const functions = [...this.#functions, fn];
    const session = this.#load(functions);
    if (this.#session !== null) this.binding.deleteSavedModel(this.#session);
    this.#session = session;
    this.#functions.push(fn);
    this.#write(values);
    this.#initial = new Map();
    return functions.length - 1;
  }

  run(feedId: number, index: number): Float32Array {
    const [output] = this.binding.runSavedModel(
      this.#session!,
      [feedId],
      NAMES.feed(index),
      NAMES.fetch(index),
    );
    const packed = this.binding.tensorDataSync(output!.id) as Float32Array;
    this.binding.deleteTensor(output!.id);
    return packed;
  }

  read(names: readonly string[]): NamedTensors {
    this.spec.checkNames(names);
    if (this.#session === null)
      return this.spec.copy(new Map(names.map((name) => [name, this.#initial.get(name)!])));
    if (names.length === 0) return new Map();
    const fetches = names.map((name) => NAMES.read(this.#names.indexOf(name))).join();
    const read = this.binding.runSavedModel(this.#session, [], '', fetches);
    return new Map(
      names.map((name, i) => {
        const data = this.binding.tensorDataSync(read[i]!.id) as Float32Array;
        this.binding.deleteTensor(read[i]!.id);
        return [name, { shape: this.spec.shapes.get(name)!, data }];
      }),
    );
  }

  write(state: NamedTensors): void {
    this.spec.check(state);
    if (this.#session === null) this.#initial = new Map([...this.#initial, ...this.spec.copy(state)]);
    else this.#write(state);
  }

  dispose(): void {
    if (this.#session !== null) this.binding.deleteSavedModel(this.#session);
    this.#session = null;
  }

  #write(state: NamedTensors): void {
    if (state.size === 0) return;
    const indices = [...state.keys()].map((name) => this.#names.indexOf(name));
    const ids = [...state.values()].map(({ shape, data }) =>
      this.binding.createTensor(shape, DT.float32, data),
    );
    const feeds = indices.map(NAMES.value).join();
    const done = this.binding.runSavedModel(this.#session!, ids, feeds, indices.map(NAMES.stored).join());
    for (const { id } of done) this.binding.deleteTensor(id);
    for (const id of ids) this.binding.deleteTensor(id);
  }

  #load(functions: readonly GraphFunction[]): number {
    const directory = mkdtempSync(join(tmpdir(), 'qfleet-graph-'));
    try {
      const state = [...this.spec.shapes].map(([name, shape]) => ({ name, shape }));
      // The folder's name is unique, also among processes.
      const nodes = buildGraph(state, functions, directory);
      writeFileSync(join(directory, 'saved_model.pb'), encodeSavedModel(nodes));
      return this.binding.loadSavedModel(directory, TAG);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

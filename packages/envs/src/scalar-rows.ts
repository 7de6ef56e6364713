import type { Random } from '@qfleet/random';
import { allocateObservations, type ObservationArray, observationSize } from '@qfleet/spaces';
import { createEnvironment } from './create-environment.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from './environment.ts';
import type { StepInfo } from './step-info.ts';
import type { RowArrays, VectorEnvironment } from './vector-environment.ts';

interface Row {
  /** Null: it could not be made anew. */
  environment: Environment | null;
  readonly random: Random;
  readonly slot: number;
  /** Episodes that the slot has begun. */
  episodes: number;
  /** Whether it threw. */
  failed: boolean;
  /** Views on the caller's arrays, from `bind` on. */
  observation: ObservationArray;
  mask: Uint8Array | null;
}

/** Copies of a scalar environment, stepped one after the other. */
export class ScalarRows implements VectorEnvironment {
  readonly failures = new Map<number, unknown>();
  readonly #definition: EnvironmentDefinition;
  readonly #turnMs: number;
  readonly #rows: Row[] = [];
  readonly #outcome: StepOutcome = { reward: 0, terminated: false, truncated: false, info: null };
  readonly #infos: (StepInfo | null)[] = [];
  /** Whether a row's last step told something. */
  #told = false;
  #arrays: RowArrays | null = null;
  #closed = false;

  /** @param turnMs as of `createVectorEnvironment`. */
  constructor(definition: EnvironmentDefinition, turnMs: number) {
    this.#definition = definition;
    this.#turnMs = turnMs;
  }

  get rows(): number {
    return this.#rows.length;
  }

  get infos(): readonly (StepInfo | null)[] | null {
    return this.#told ? this.#infos : null;
  }

  bind(arrays: RowArrays): void {
    const { observations, stride, masks } = arrays;
    const size = observationSize(this.#definition.observationSpace);
    const { n } = this.#definition.actionSpace;
    this.#arrays = arrays;
    this.#rows.forEach((each, row) => {
      each.observation = observations.subarray(row * stride, row * stride + size);
      each.mask = masks?.subarray(row * n, row * n + n) ?? null;
    });
  }

  add(random: Random, slot: number, episodes: number): void {
    const environment = createEnvironment(this.#definition, random, slot, episodes);
    const observation = allocateObservations(this.#definition.observationSpace, 0);
    this.#rows.push({ environment, random, slot, episodes, failed: false, observation, mask: null });
  }

  remove(row: number): void {
    const [removed] = this.#rows.splice(row, 1);
    if (removed !== undefined) this.#dispose(removed);
  }

  reset(index: number): void {
    const row = this.#rows[index];
    const { observation, mask } = row;
    if (row.failed) this.#remake(row);
    row.failed = true;
    row.environment!.reset(observation);
    if (mask !== null) row.environment!.mask!(mask);
    row.failed = false;
    row.episodes++;
  }

  #dispose(row: Row): void {
    const { environment } = row;
    row.environment = null;
    try {
      environment?.close?.();
    } catch (error) {
      // One that failed before is told already.
      if (!row.failed) throw error;
    }
  }

  #remake(row: Row): void {
    this.#dispose(row);
    row.environment = createEnvironment(this.#definition, row.random, row.slot, row.episodes);
  }

  step(actions: Int32Array): void | Promise<void> {
    if (this.failures.size > 0) this.failures.clear();
    if (this.#told) this.#forget();
    if (this.#rows.length > 0) return this.#stepFrom(0, actions);
  }

  #stepFrom(first: number, actions: Int32Array): void | Promise<void> {
    const turns = this.#turnMs < Number.POSITIVE_INFINITY;
    const began = turns ? performance.now() : 0;
    const outcome = this.#outcome;
    const { rewards, terminated, truncated } = this.#arrays!;
    const rows = this.#rows;
    const count = rows.length;
    for (let row = first; row < count; row++) {
      const { environment, observation, mask } = rows[row];
      try {
        environment!.step(actions[row], observation, outcome);
        if (mask !== null) environment!.mask!(mask);
        rewards[row] = outcome.reward;
        terminated[row] = outcome.terminated ? 1 : 0;
        truncated[row] = outcome.truncated ? 1 : 0;
        if (outcome.info) this.#tell(row, outcome.info);
      } catch (cause) {
        rows[row].failed = true;
        this.failures.set(row, cause);
        outcome.info = null;
      }
      if (turns && row + 1 < count && performance.now() - began >= this.#turnMs) {
        return this.#stepLater(row + 1, actions);
      }
    }
  }

  #tell(row: number, info: StepInfo): void {
    const infos = this.#infos;
    while (infos.length < this.#rows.length) infos.push(null);
    infos[row] = info;
    this.#told = true;
    this.#outcome.info = null;
  }

  #forget(): void {
    this.#infos.fill(null);
    this.#told = false;
  }

  /** A method of its own: a closure on the loop's row would be memory for each row. */
  async #stepLater(first: number, actions: Int32Array): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve));
    if (!this.#closed) await this.#stepFrom(first, actions);
  }

  close(): void {
    this.#closed = true;
    while (this.#rows.length > 0) this.remove(this.#rows.length - 1);
  }
}

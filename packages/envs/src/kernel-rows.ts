import type { Random } from '@qfleet/random';
import { observationSize } from '@qfleet/spaces';
import type { EnvironmentDefinition } from './environment.ts';
import { EnvironmentError, type EnvironmentPlace } from './errors.ts';
import { enterUserCode, leaveUserCode, type UserCall } from './running.ts';
import type { StepInfo } from './step-info.ts';
import { NO_ACTION, observationProblem } from './step-problems.ts';
import { callUser, problemOf } from './user-call.ts';
import type { RowArrays, VectorEnvironment } from './vector-environment.ts';

interface Row {
  readonly slot: number;
  /** Episodes that the slot has begun. */
  episodes: number;
}

/**
 * A definition's batched kernel, with what `createEnvironment` holds for a copy: the time limit, what callers must not do,
 * and, unless the definition is `native`, checks of what each step gives.
 */
export class KernelRows implements VectorEnvironment {
  readonly failures = new Map<number, EnvironmentError>();
  readonly #definition: EnvironmentDefinition;
  readonly #kernel: VectorEnvironment;
  readonly #native: boolean;
  readonly #limit: number;
  /** Elements of an observation. */
  readonly #size: number;
  readonly #rows: Row[] = [];
  /** Steps of each row's episode; −1: none has begun. */
  #steps = new Int32Array(8);
  #arrays: RowArrays | null = null;

  constructor(definition: EnvironmentDefinition, kernel: VectorEnvironment) {
    this.#definition = definition;
    this.#kernel = kernel;
    this.#native = definition.native === true;
    this.#limit = definition.maxEpisodeSteps ?? Number.POSITIVE_INFINITY;
    this.#size = observationSize(definition.observationSpace);
  }

  get rows(): number {
    return this.#rows.length;
  }

  get infos(): readonly (StepInfo | null)[] | null {
    return this.#kernel.infos ?? null;
  }

  bind(arrays: RowArrays): void {
    this.#arrays = arrays;
    this.#kernel.bind(arrays);
  }

  add(random: Random, slot: number, episodes: number): void {
    const row = { slot, episodes };
    this.#call('create', this.#place(row, 0), () => this.#kernel.add(random, slot, episodes));
    if (this.#rows.length === this.#steps.length) {
      const steps = this.#steps;
      this.#steps = new Int32Array(2 * steps.length);
      this.#steps.set(steps);
    }
    this.#steps[this.#rows.length] = -1;
    this.#rows.push(row);
  }

  remove(index: number): void {
    const [row] = this.#rows.splice(index, 1);
    if (row === undefined) return;
    this.#steps.copyWithin(index, index + 1);
    this.#call('close', this.#place(row, 0), () => this.#kernel.remove(index));
  }

  reset(index: number): void {
    const row = this.#rows[index];
    this.#steps[index] = -1;
    if (this.#native) this.#kernel.reset(index);
    else this.#resetChecked(index, { ...this.#place(row, 0), episode: row.episodes + 1 });
    this.#steps[index] = 0;
    row.episodes++;
  }

  #resetChecked(index: number, place: EnvironmentPlace): void {
    callUser('reset', place, () => this.#kernel.reset(index));
    const problem = this.#observationProblem(index) ?? this.#maskProblem(index);
    if (problem !== null) throw new EnvironmentError(place, problem);
  }

  step(actions: Int32Array): void | Promise<void> {
    if (this.failures.size > 0) this.failures.clear();
    if (this.#rows.length === 0) return;
    this.#refuse(actions);
    let stepped: void | Promise<void>;
    try {
      if (!this.#native) this.#enter();
      stepped = this.#kernel.step(actions);
    } catch (cause) {
      if (this.#native) throw cause;
      this.#failAll(cause);
      return;
    } finally {
      if (!this.#native) leaveUserCode();
    }
    if (stepped === undefined) this.#finish();
    else {
      return stepped.then(
        () => this.#finish(),
        (cause) => this.#failAll(cause),
      );
    }
  }

  close(): void {
    if (this.#rows.length === 0) this.#kernel.close();
    else this.#call('close', this.#place(this.#rows[0], 0), () => this.#kernel.close());
    this.#rows.length = 0;
  }

  /** Runs what is not called for each step. */
  #call(call: UserCall, place: EnvironmentPlace, run: () => void): void {
    if (this.#native) run();
    else callUser(call, place, run);
  }

  /** All rows are in the kernel's step: the first one's place stands for it. */
  #enter(): void {
    const [{ slot, episodes }] = this.#rows;
    enterUserCode('step', this.#definition.id, slot, episodes, this.#steps[0] + 1);
  }

  /** @throws EnvironmentError for a step that the caller must not ask for. */
  #refuse(actions: Int32Array): void {
    const { n } = this.#definition.actionSpace;
    const steps = this.#steps;
    const count = this.#rows.length;
    for (let i = 0; i < count; i++) {
      if (steps[i] >= 0 && actions[i] >= 0 && actions[i] < n) continue;
      const problem =
        steps[i] < 0
          ? 'no episode has begun: call reset before step.'
          : `action ${actions[i]} is outside the action space (the integers 0 to ${n - 1}).`;
      throw new EnvironmentError(this.#place(this.#rows[i], steps[i] + 1), problem);
    }
  }

  /** Applies the time limit to what a step gave, and checks it. */
  #finish(): void {
    const { terminated, truncated, masks } = this.#arrays!;
    const { failures } = this.#kernel;
    const { n } = this.#definition.actionSpace;
    const steps = this.#steps;
    const limit = this.#limit;
    const checks = !this.#native || failures.size > 0;
    const count = this.#rows.length;
    for (let i = 0; i < count; i++) {
      const step = steps[i] + 1;
      if (step >= limit) truncated[i] = 1;
      const ends = (terminated[i] | truncated[i]) !== 0;
      steps[i] = ends ? -1 : step;
      // Nobody acts in the state that ends an episode.
      if (ends && masks !== null) masks.fill(1, i * n, i * n + n);
      if (checks) this.#check(i, step);
    }
  }

  /** Tells what failed in a row's step, or is wrong with what it gave. */
  #check(index: number, step: number): void {
    const { failures } = this.#kernel;
    if (failures.has(index)) this.#fail(index, step, problemOf(failures.get(index)), failures.get(index));
    else {
      const problem = this.#native ? null : this.#problem(index);
      if (problem !== null) this.#fail(index, step, problem);
    }
  }

  #failAll(cause: unknown): void {
    const problem = problemOf(cause);
    for (let i = 0; i < this.#rows.length; i++) {
      this.#fail(i, this.#steps[i] + 1, problem, cause);
    }
  }

  #fail(index: number, step: number, problem: string, cause?: unknown): void {
    const place = this.#place(this.#rows[index], step);
    this.#steps[index] = -1;
    const options = cause === undefined ? undefined : { cause };
    this.failures.set(index, new EnvironmentError(place, problem, options));
  }

  #place({ slot, episodes }: Row, step: number): EnvironmentPlace {
    return { environment: this.#definition.id, slot, episode: episodes, step };
  }

  /** What is wrong with what a step gave; null: nothing. */
  #problem(index: number): string | null {
    const reward = this.#arrays!.rewards[index];
    if (!Number.isFinite(Math.fround(reward))) return `the reward is ${reward}: it must be a finite float32.`;
    return this.#observationProblem(index) ?? this.#maskProblem(index);
  }

  #observationProblem(index: number): string | null {
    const { observations, stride } = this.#arrays!;
    return observationProblem(this.#definition.observationSpace, observations, index * stride, this.#size);
  }

  #maskProblem(index: number): string | null {
    const { masks } = this.#arrays!;
    const { n } = this.#definition.actionSpace;
    if (masks === null || masks.subarray(index * n, index * n + n).includes(1)) return null;
    return NO_ACTION;
  }
}

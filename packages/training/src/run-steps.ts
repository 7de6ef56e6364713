import type { ReplayStanding } from '@qfleet/replay';
import type { Checkpoint } from './checkpoint.ts';

/** What a checkpoint keeps of the run's steps. */
export type RunStepsState = Pick<Checkpoint, 'steps' | 'stepsBefore' | 'generation'>;

/** Environment steps of the whole run, as far as they came into a replay, lost ones included. */
export class RunSteps {
  /** Which replay the steps are counted in. */
  #generation: string | null;
  /** Those of the replays before it. */
  #before: number;
  #steps: number;

  constructor({ generation, stepsBefore, steps }: RunStepsState) {
    this.#generation = generation;
    this.#before = stepsBefore;
    this.#steps = steps;
  }

  get steps(): number {
    return this.#steps;
  }

  get state(): RunStepsState {
    return { steps: this.#steps, stepsBefore: this.#before, generation: this.#generation };
  }

  count({ generation, insertedTotal }: ReplayStanding): void {
    if (generation !== this.#generation) {
      // The first replay of a run counts from 0; after it, the steps of those that were lost stay counted.
      this.#before = this.#steps;
      this.#generation = generation;
    }
    this.#steps = this.#before + insertedTotal;
  }
}

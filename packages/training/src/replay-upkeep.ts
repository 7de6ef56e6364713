import { ConfigError, type ReplayRunConfig } from '@qfleet/config';
import { type Replay, ReplayMissingError, type ReplayStanding } from '@qfleet/replay';
import { RunSteps, type RunStepsState } from './run-steps.ts';
import type { CommonParts, Outlast } from './trainer-parts.ts';

/** Milliseconds between two savings of priorities: what a killed learner loses of them at most. */
const PRIORITIES_MS = 5_000;

export interface ReplayUpkeepParts extends Pick<CommonParts, 'restore'> {
  readonly config: ReplayRunConfig;
  readonly replay: Replay;
  readonly outlast: Outlast;
  /** Called where the replay, and what lay beside it, was lost and is made again. */
  readonly onRestored: () => Promise<void>;
  /** Whether what is in the replay are the run's own steps. */
  readonly countsSteps: boolean;
}

/** What comes into the replay and goes out of it beside the batches: new chunks, a lost replay, priorities, the run's steps. */
export class ReplayUpkeep {
  readonly #parts: ReplayUpkeepParts;
  readonly #steps: RunSteps;
  #prioritiesSavedAt = performance.now();

  /** @param steps those of the checkpoint that training goes on from. */
  constructor(parts: ReplayUpkeepParts, steps: RunStepsState) {
    this.#parts = parts;
    this.#steps = new RunSteps(steps);
  }

  /** Environment steps of the whole run, as far as they came into a replay, lost ones included. */
  get steps(): number {
    return this.#steps.steps;
  }

  /** What a checkpoint keeps of them. */
  get stepsState(): RunStepsState {
    return this.#steps.state;
  }

  /** Ingests what is new in the store, and tells it what was sampled. True where something came. */
  async synchronize(): Promise<boolean> {
    const { replay, restore, outlast, onRestored } = this.#parts;
    const { losses } = replay.counts;
    let added = 0;
    try {
      added = await outlast(() => replay.sync());
    } catch (error) {
      if (!(error instanceof ReplayMissingError) || restore === undefined) throw error;
      await outlast(restore);
      added = await outlast(() => replay.sync());
      await onRestored();
      this.#countSteps();
      return added > 0;
    }
    // The replay was lost and is there again, but what lay beside it may not be.
    if (restore !== undefined && replay.counts.losses > losses) {
      await outlast(restore);
      await onRestored();
    }
    this.#countSteps();
    return added > 0;
  }

  /** Whether priorities are to be saved. */
  get arePrioritiesDue(): boolean {
    return performance.now() - this.#prioritiesSavedAt >= PRIORITIES_MS;
  }

  async savePriorities(): Promise<void> {
    const { replay, outlast } = this.#parts;
    this.#prioritiesSavedAt = performance.now();
    try {
      await outlast(() => replay.savePriorities());
    } catch (error) {
      // They are lost with the replay; `synchronize` sees to that.
      if (!(error instanceof ReplayMissingError)) throw error;
    }
  }

  #countSteps(): void {
    const { standing } = this.#parts.replay;
    if (standing === null || !this.#parts.countsSteps) return;
    this.#steps.count(standing);
    this.#checkRoom(standing);
  }

  /**
   * Chunks of short episodes take more bytes a transition than was reckoned with.
   * @throws ConfigError where the replay is full before it holds a batch: learning would wait for ever.
   */
  #checkRoom({ evictedTotal }: ReplayStanding): void {
    const { replay: options, agent } = this.#parts.config;
    const { size } = this.#parts.replay;
    if (evictedTotal === 0 || size >= agent.batchSize) return;
    throw new ConfigError([
      `replay.capacityBytes is ${options.capacityBytes}, which is full with ${size} transitions of this ` +
        `environment; allowed: enough for agent.batchSize, ${agent.batchSize}.`,
    ]);
  }
}

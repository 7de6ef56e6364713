import type { ReplayRunConfig } from '@qfleet/config';
import { type Batch, Replay } from '@qfleet/replay';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainedOn } from './divergence.ts';
import type { AgentCall, Experience } from './experience.ts';
import { ReplayUpkeep } from './replay-upkeep.ts';
import type { RunStepsState } from './run-steps.ts';
import { leastFor, Sampling } from './sampling.ts';
import type { OfflineStore, Outlast, ReplayTrainerParts, WaitReason } from './trainer-parts.ts';

/** Experience in a replay: sampled in batches, which give back priorities. */
export class ReplayExperience implements Experience {
  readonly replay: Replay;
  readonly #parts: ReplayTrainerParts;
  readonly #config: ReplayRunConfig;
  readonly #sampling: Sampling;
  readonly #upkeep: ReplayUpkeep;
  /** Each row's priority after a call, in the order of its batches. */
  readonly #newPriorities: Float32Array;
  #batches: readonly Batch[] = [];

  /** @param onRestored called where the replay, and what lay beside it, was lost and is made again. */
  constructor(
    parts: ReplayTrainerParts,
    config: ReplayRunConfig,
    outlast: Outlast,
    onRestored: () => Promise<void>,
  ) {
    const { agent, from, restore, offline } = parts;
    this.#parts = parts;
    this.#config = offline === undefined ? config : offlineConfig(config, offline, leastFor(agent, config));
    this.replay = openReplay(parts, this.#config);
    this.#sampling = new Sampling({
      ...parts,
      config: this.#config,
      replay: this.replay,
      from: from?.random ?? null,
    });
    this.#newPriorities = new Float32Array(config.agent.batchSize * agent.batchesPerUpdate);
    this.#upkeep = new ReplayUpkeep(
      {
        ...{ config: this.#config, replay: this.replay, outlast, onRestored },
        ...(restore ? { restore } : {}),
        countsSteps: offline === undefined,
      },
      from ?? { generation: null, steps: 0, stepsBefore: 0 },
    );
  }

  get steps(): number {
    return this.#upkeep.steps;
  }

  get stepsState(): RunStepsState {
    return this.#upkeep.stepsState;
  }

  get drawing(): Pick<Checkpoint, 'random' | 'drawn'> {
    const { drawn } = this.replay;
    return { random: this.#sampling.state, ...(drawn.length > 0 ? { drawn } : {}) };
  }

  get chunksRefused(): number {
    return this.replay.counts.refusedChunks;
  }

  readonly roundSlotsMissed = 0;

  publishing(): void {}

  get waitedSeconds(): number {
    return this.#sampling.waitedSeconds;
  }

  synchronize(): Promise<boolean> {
    return this.#upkeep.synchronize();
  }

  waitReason(): Exclude<WaitReason, 'checkpoint'> | null {
    return this.#sampling.waitReason();
  }

  async call(updates: number): Promise<AgentCall | null> {
    const { agent, watch } = this.#parts;
    watch?.sampling();
    const batches = await this.#sampling.next(updates);
    if (batches === null) return null;
    watch?.sampled(batches);
    this.#batches = batches;
    const stats = agent.update(batches, this.#newPriorities);
    const data = batches as readonly (Batch & TrainedOn)[];
    return { stats, data, transitions: this.#sampling.transitionsPerCall };
  }

  called(updates: number): void {
    this.#parts.watch?.updated(updates);
    if (this.#config.replay.sampling.kind === 'uniform') return;
    const size = this.#config.agent.batchSize;
    this.#batches.forEach((batch, i) => {
      this.replay.updatePriorities(batch.handles, this.#newPriorities.subarray(i * size, (i + 1) * size));
    });
  }

  get isSavingDue(): boolean {
    return this.#upkeep.arePrioritiesDue;
  }

  save(): Promise<void> {
    return this.#upkeep.savePriorities();
  }
}

/** A configuration in which all that a store holds is sampled from the first update on, however often. */
function offlineConfig(
  config: ReplayRunConfig,
  { transitions }: OfflineStore,
  minSize: number,
): ReplayRunConfig {
  const replay = { ...config.replay, capacity: transitions, minSize, samplesPerInsert: null };
  return { ...config, replay };
}

/** The run's replay, over its store. */
function openReplay(
  { layout, agent, store, saving, watch, from }: ReplayTrainerParts,
  config: ReplayRunConfig,
): Replay {
  const { sampling, capacity } = config.replay;
  return new Replay(store, {
    layout,
    capacity,
    cacheBytes: config.learner.cacheBytes,
    discount: config.agent.discount,
    unit: agent.unit,
    ...(from?.drawn === undefined ? {} : { drawn: from.drawn }),
    ...(sampling.kind === 'prioritized' ? { prioritized: sampling } : {}),
    ...(saving ? { saving } : {}),
    ...(watch ? { onTaken: watch.taken } : {}),
  });
}

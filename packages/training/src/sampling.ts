import type { Agent } from '@qfleet/agents';
import type { ReplayRunConfig } from '@qfleet/config';
import { Random, type RandomState } from '@qfleet/random';
import {
  type Batch,
  makeBatch,
  Prefetcher,
  type Replay,
  type ReplayStanding,
  ratioLimiter,
  type SampleToInsertLimiter,
  trainedSteps,
} from '@qfleet/replay';
import type { ReplayTrainerParts, WaitReason } from './trainer-parts.ts';

/** Where the run's stream of sampled places begins. */
const SAMPLING_STREAM = 'replay sampling';

/** The stream of a run's sampling, at its beginning. */
export const samplingRandom = (seed: number): Random => new Random(Random.seed(seed, SAMPLING_STREAM));

export interface SamplingParts extends Pick<ReplayTrainerParts, 'layout' | 'callsAhead'> {
  readonly config: ReplayRunConfig;
  readonly agent: Agent;
  readonly replay: Replay;
  /** Where the stream goes on from; null: from its beginning. */
  readonly from: RandomState | null;
}

/** Draws the batches of an agent's calls, and says when none may be drawn. */
export class Sampling {
  /** Transitions that a call of the agent samples. */
  readonly transitionsPerCall: number;
  /** Transitions without which no batch can be drawn. */
  readonly #least: number;
  readonly #config: ReplayRunConfig;
  readonly #replay: Replay;
  readonly #random: Random;
  readonly #prefetcher: Prefetcher;
  readonly #limiter: SampleToInsertLimiter | null;

  constructor({ config, layout, agent, replay, callsAhead = 0, from }: SamplingParts) {
    this.#config = config;
    this.#replay = replay;
    this.#random = from ? Random.from(from) : samplingRandom(config.seed);
    const size = config.agent.batchSize;
    const makeBatches = () =>
      Array.from({ length: agent.batchesPerUpdate }, () => makeBatch(agent.unit, size, layout));
    this.#prefetcher = new Prefetcher(replay, this.#random, makeBatches, callsAhead);
    this.transitionsPerCall = agent.batchesPerUpdate * trainedSteps(agent.unit, size);
    this.#least = leastFor(agent, config);
    this.#limiter = ratioLimiter(config);
  }

  /** Where the stream stands. */
  get state(): RandomState {
    return this.#random.state;
  }

  /** Seconds that calls waited for batches to come from the store. */
  get waitedSeconds(): number {
    return this.#prefetcher.waitedSeconds;
  }

  /** Why nothing can be sampled, or null. */
  waitReason(): Exclude<WaitReason, 'checkpoint'> | null {
    const { standing, size } = this.#replay;
    const { replay } = this.#config;
    if (standing === null || size < this.#least || standing.insertedTotal < replay.minSize) {
      return 'too little experience';
    }
    return this.#mayCall(standing) ? null : 'sample-to-insert ratio';
  }

  /** The batches of the call after so many updates; null: the replay was lost while they were in flight. */
  next(updates: number): Promise<readonly Batch[] | null> {
    return this.#prefetcher.next({ beta: this.#beta(updates) });
  }

  #mayCall(standing: ReplayStanding): boolean {
    return this.#limiter?.maySample(standing, this.transitionsPerCall) ?? true;
  }

  /** The exponent of the importance weights: rises to 1 over the planned updates (Schaul et al., 2016, 3.4). */
  #beta(updates: number): number {
    const { sampling } = this.#config.replay;
    if (sampling.kind === 'uniform') return 0;
    const { maxUpdates } = this.#config.stop;
    const progress = maxUpdates === null ? 0 : Math.min(1, updates / maxUpdates);
    return sampling.beta + (1 - sampling.beta) * progress;
  }
}

/** The transitions without which an agent's batch can't be drawn: one dialogue may fill it. */
export const leastFor = ({ unit }: Agent, { agent }: ReplayRunConfig): number =>
  unit.kind === 'dialogue' ? 1 : agent.batchSize;

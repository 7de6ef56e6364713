import { createPolicy, type Policy, type Weights } from '@qfleet/agents';
import type { RunConfig } from '@qfleet/config';
import type { EpisodeSummary, RolloutOptions, Task } from '@qfleet/rollout';
import type { CommonParts, Trainer } from '@qfleet/training';
import type { MemoryReplay } from './memory-replay.ts';

/** The side of a run in one process that plays, and the trainer that learns from it. */
export interface Gathering {
  readonly trainer: Trainer;
  /** What was gathered; null: it is not kept. */
  readonly replay: MemoryReplay | null;
  /** Has it play by newer weights. */
  takeUp(weights: Weights): void;
  /** The version of the weights that it plays by. */
  readonly weightsVersion: number;
  /** One step of every slot, whose experience the trainer then has. @returns the environment steps done. */
  step(): Promise<number>;
  /** The episodes finished since the last call. */
  takeEpisodes(): EpisodeSummary[];
  /** Ends all slots; what they have played stays. */
  close(): Promise<void>;
  /** Frees what the agent holds. */
  dispose(): void;
}

/** What a gathering is made from, beside what its configuration alone says. */
export interface GatheringParts {
  /** The trainer's parts but for its agent, and where that agent's experience comes from. */
  readonly training: Omit<CommonParts, 'config' | 'layout'>;
  /** Environment steps of the whole run now. */
  readonly steps: () => number;
  readonly onInfoRefused: NonNullable<RolloutOptions['onInfoRefused']>;
  readonly onSurvived: NonNullable<RolloutOptions['onSurvived']>;
}

/** Makes a gathering; whatever takes time is done. */
export type Gather = (parts: GatheringParts) => Gathering;

/** What a kind of gathering is opened with. */
export interface GatherSetting<Config extends RunConfig> {
  readonly config: Config;
  readonly task: Task;
}

/** What an agent's making is told in one process, beside its own configuration. */
export const agentSetting = ({ config, task }: GatherSetting<RunConfig>) => ({
  spec: task.layout,
  seed: config.seed,
  totalUpdates: config.stop.maxUpdates,
  isRepeatable: true,
});

/** The policy by which a run's slots explore. @param helped as of `createPolicy`. */
export const exploringPolicy = (
  { config, task }: GatherSetting<RunConfig>,
  helped?: number,
): Promise<Policy> =>
  createPolicy({
    config: config.agent,
    spec: task.layout,
    selector: config.exploration.selector,
    explores: true,
    ...(helped === undefined ? {} : { helped }),
  });

/** What a gathering by play is made of: what plays, and what becomes of its chunks. */
export interface PlayedParts<Chunks> extends Pick<Gathering, 'trainer' | 'dispose'> {
  readonly replay: MemoryReplay;
  readonly rollout: {
    weightsVersion: number;
    step(): number | Promise<number>;
    takeChunks(): readonly Chunks[];
    takeEpisodes(): EpisodeSummary[];
    close(): void;
  };
  /** Has the slots act by newer weights. */
  readonly load: (tensors: Weights['tensors']) => void;
  /** Puts chunks into the replay. */
  readonly append: (chunks: readonly Chunks[]) => Promise<unknown>;
}

/** A gathering that plays: each step's chunks go into the replay, of which the trainer then knows. */
export function playedBy<Chunks>(parts: PlayedParts<Chunks>): Gathering {
  const { trainer, replay, rollout, load, append, dispose } = parts;
  const push = async (): Promise<void> => {
    const chunks = rollout.takeChunks();
    if (chunks.length === 0) return;
    await append(chunks);
    await trainer.synchronize();
  };
  return {
    trainer,
    replay,
    get weightsVersion() {
      return rollout.weightsVersion;
    },
    takeUp({ tensors, version }) {
      load(tensors);
      rollout.weightsVersion = version;
    },
    async step() {
      const stepped = rollout.step();
      const count = typeof stepped === 'number' ? stepped : await stepped;
      await push();
      return count;
    },
    takeEpisodes: () => rollout.takeEpisodes(),
    async close() {
      rollout.close();
      await push();
    },
    dispose,
  };
}

/** The name of the streams of a session that goes on after so many updates. */
export const writerOf = (updates: number): string => `single-${updates}`;

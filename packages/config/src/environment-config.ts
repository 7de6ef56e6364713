import type { RunConfigInput } from './schema/run.ts';

/** What is known of an environment that no preset trains. */
export type KnownEnvironment = KnownSpeaking | KnownActing;

/** An environment that speaks. */
interface KnownSpeaking {
  readonly id: string;
  readonly speaks: true;
}

/** An environment of numbered actions. */
interface KnownActing {
  readonly id: string;
  readonly speaks?: false;
  /** Whether its observations are a Discrete space. */
  readonly isDiscrete: boolean;
  /** Steps after which an episode is truncated; null: never. */
  readonly maxEpisodeSteps: number | null;
  /** The mean return at which it counts as solved; null: nobody says. */
  readonly solvedReturn: number | null;
}

/** Episodes of a policy that is not good yet have to end. */
const LONGEST_EPISODE = 500;

/** Defaults for a native environment that no preset trains: a table where its states can be counted, else DQN. */
export function environmentConfig(environment: KnownEnvironment): RunConfigInput {
  if (environment.speaks === true) return textConfig(environment.id);
  const { id, isDiscrete, maxEpisodeSteps, solvedReturn } = environment;
  const options = maxEpisodeSteps === null ? { max_episode_steps: LONGEST_EPISODE } : {};
  const dqn = moduleConfig(id);
  return {
    ...dqn,
    environment: { id, options },
    stop: { ...dqn.stop, solvedReturn },
    ...(isDiscrete
      ? {
          agent: { kind: 'tabular', learningRate: 0.1, discount: 0.99 },
          exploration: { kind: 'schedule', from: 1, to: 0.1, steps: 100_000 },
          replay: { capacity: 200_000, minSize: 1_000, samplesPerInsert: 8 },
          evaluation: { every: 2_500, episodes: 50 },
        }
      : {}),
  };
}

/** ILQL on the dialogues that a task makes. */
const textConfig = (id: string): RunConfigInput => ({
  name: nameOf(id),
  environment: { id },
  agent: { kind: 'token-q', data: {}, pretraining: 500, cql: { alpha: 0.05 } },
  evaluation: { episodes: 100 },
  stop: { maxUpdates: 2_000 },
});

/** A run's name after its environment. */
const nameOf = (id: string): string =>
  id
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64) || 'run';

/** DQN for an environment of which nothing is known: what keeps CartPole solved (docs/agents.md) is part of it. */
export function moduleConfig(id: string, module?: string): RunConfigInput {
  return {
    name: nameOf(id),
    environment: { id, ...(module === undefined ? {} : { module }) },
    agent: { kind: 'dqn', nSteps: 5, learningRate: 1e-3, target: { kind: 'soft', tau: 0.01, publish: true } },
    exploration: { kind: 'schedule', from: 1, to: 0.05, steps: 10_000 },
    replay: { samplesPerInsert: 16 },
    fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
    stop: { maxUpdates: 50_000 },
  };
}

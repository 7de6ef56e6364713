import { ConfigError } from './errors.ts';
import { suggestion } from './nearest.ts';
import type { RunConfigInput } from './schema.ts';

interface Preset {
  /** One line, for `qfleet presets`. */
  readonly summary: string;
  readonly config: RunConfigInput;
}

const presets: Readonly<Record<string, Preset>> = {
  cartpole: {
    summary: 'DQN on CartPole-v1: the balanced pole, solved at a mean return of 475',
    config: {
      name: 'cartpole',
      environment: { id: 'CartPole-v1' },
      agent: {
        kind: 'dqn',
        network: { kind: 'mlp', hidden: [128, 128] },
        nSteps: 3,
        learningRate: 2e-3,
        batchSize: 64,
        target: { kind: 'soft', tau: 0.01 },
      },
      exploration: { kind: 'schedule', from: 1, to: 0.05, steps: 8_000 },
      replay: { capacity: 100_000, minSize: 1_000, samplesPerInsert: 32 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      // A mean of 495 over 50 episodes leaves little doubt of 475 over any other 20.
      evaluation: { episodes: 50 },
      stop: { maxUpdates: 25_000, solvedReturn: 495 },
    },
  },
  acrobot: {
    summary: 'DQN on Acrobot-v1: the two-link arm, good at a mean return of −100',
    config: {
      name: 'acrobot',
      environment: { id: 'Acrobot-v1' },
      agent: {
        kind: 'dqn',
        network: { kind: 'mlp', hidden: [128, 128] },
        learningRate: 6e-4,
        batchSize: 128,
        target: { kind: 'soft', tau: 0.01 },
      },
      exploration: { kind: 'schedule', from: 1, to: 0.05, steps: 15_000 },
      replay: { capacity: 100_000, minSize: 1_000, samplesPerInsert: 32 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      stop: { maxUpdates: 25_000, solvedReturn: -85 },
    },
  },
  mountaincar: {
    summary: 'DQN on MountainCar-v0: a hard one to explore, solved at a mean return of −110',
    config: {
      name: 'mountaincar',
      environment: { id: 'MountainCar-v0' },
      agent: {
        kind: 'dqn',
        network: { kind: 'mlp', hidden: [256, 256] },
        learningRate: 1e-3,
        batchSize: 128,
        target: { kind: 'soft', tau: 0.005 },
      },
      exploration: { kind: 'schedule', from: 1, to: 0.05, steps: 60_000 },
      replay: { capacity: 200_000, minSize: 5_000, samplesPerInsert: 32 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      stop: { maxUpdates: 60_000, solvedReturn: -110 },
    },
  },
  cliffwalking: {
    summary: 'tabular Q-learning on CliffWalking: the shortest safe path returns −13',
    config: {
      name: 'cliffwalking',
      // It has no time limit of its own: a greedy policy that is not good yet would walk for ever.
      environment: { id: 'CliffWalking-v1', options: { max_episode_steps: 200 } },
      agent: { kind: 'tabular', learningRate: 0.5, discount: 1 },
      exploration: { kind: 'schedule', from: 1, to: 0.1, steps: 20_000 },
      replay: { capacity: 50_000, minSize: 500, samplesPerInsert: 8 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      stop: { maxUpdates: 10_000, solvedReturn: -13 },
    },
  },
  frozenlake: {
    summary: 'tabular Q-learning on the slippery FrozenLake 4×4: the best policy returns 0.74',
    config: {
      name: 'frozenlake',
      environment: { id: 'FrozenLake-v1' },
      agent: { kind: 'tabular', learningRate: 0.05, discount: 0.99 },
      exploration: { kind: 'schedule', from: 1, to: 0.2, steps: 50_000 },
      replay: { capacity: 100_000, minSize: 1_000, samplesPerInsert: 8 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      stop: { maxUpdates: 20_000 },
      evaluation: { every: 2_000, episodes: 100 },
    },
  },
  taxi: {
    summary: 'tabular Q-learning on Taxi: the best policy returns 7.9',
    config: {
      name: 'taxi',
      environment: { id: 'Taxi-v3' },
      agent: { kind: 'tabular', learningRate: 0.5, discount: 0.99 },
      exploration: { kind: 'schedule', from: 1, to: 0.1, steps: 100_000 },
      replay: { capacity: 200_000, minSize: 2_000, samplesPerInsert: 8 },
      fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
      stop: { maxUpdates: 25_000 },
      evaluation: { every: 2_500, episodes: 100 },
    },
  },
};

/** The presets there are, with a line on each. */
export function listPresets(): { name: string; summary: string }[] {
  return Object.entries(presets).map(([name, { summary }]) => ({ name, summary }));
}

/**
 * The configuration of a preset.
 * @throws ConfigError that names the nearest preset.
 */
export function presetConfig(name: string): RunConfigInput {
  if (!Object.hasOwn(presets, name)) {
    throw new ConfigError([`There is no preset "${name}".${suggestion(name, Object.keys(presets))}`]);
  }
  return structuredClone(presets[name].config);
}

/** The preset that trains an environment of this id as it is; undefined: there is none. */
export const presetFor = (environment: string): string | undefined =>
  Object.keys(presets).find((name) => presets[name].config.environment.id === environment);

/** What is known of an environment that no preset trains. */
export interface KnownEnvironment {
  readonly id: string;
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

/** DQN for an environment of which nothing is known. */
export function moduleConfig(id: string, module?: string): RunConfigInput {
  return {
    name:
      id
        .replaceAll(/[^A-Za-z0-9._-]/g, '-')
        .replace(/^[^A-Za-z0-9]+/, '')
        .slice(0, 64) || 'run',
    environment: { id, ...(module === undefined ? {} : { module }) },
    agent: { kind: 'dqn', learningRate: 1e-3, target: { kind: 'soft', tau: 0.01 } },
    exploration: { kind: 'schedule', from: 1, to: 0.05, steps: 10_000 },
    replay: { samplesPerInsert: 16 },
    fleet: { actors: 2, slots: 16, slotsPerLease: 2, slotsPerActor: 4 },
    stop: { maxUpdates: 50_000 },
  };
}

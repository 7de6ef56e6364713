import { isAtari, isBridged } from '@qfleet/env-host';
import { findEnvironment } from '@qfleet/envs';

/** How another library steps an environment: one of those that `packages/bench/peers/envs.py` knows. */
export interface EnvPeer {
  readonly library: 'numpy-vector' | 'gymnasium' | 'envpool' | 'minatar' | 'ale-vector';
  /** What the rows call it. */
  readonly name: string;
  /** The id there, where it is another. */
  readonly id?: string;
  /** Whether it has a form of its own for many copies; one copy stands for as many in a loop elsewhere. */
  readonly batched: boolean;
  /** The folder of its Python, and what pip installs there. */
  readonly python: string;
  readonly packages: readonly string[];
}

/** One environment that is measured, beside what. */
export interface EnvCase {
  readonly id: string;
  readonly peers: readonly EnvPeer[];
  /** The ratio to the first of `peers` that is to be reached, by number of copies. */
  readonly goals: Readonly<Record<number, number>>;
  /** How many copies are stepped. Default: `COPIES`. */
  readonly copies?: readonly number[];
}

/** How many copies are stepped. */
export const COPIES: readonly number[] = [1, 64, 1024];
/** How many of those that Python plays. */
const BRIDGED_COPIES: readonly number[] = [1, 8, 64];

const NUMPY = 'numpy==2.4.6';
const GYMNASIUM = 'gymnasium==1.4.0';

const numpyVector: EnvPeer = {
  library: 'numpy-vector',
  name: 'Gymnasium 1.4.0, NumPy vector',
  batched: true,
  python: 'gymnasium',
  packages: [GYMNASIUM, NUMPY],
};
const gymnasium: EnvPeer = {
  ...numpyVector,
  library: 'gymnasium',
  name: 'Gymnasium 1.4.0, one copy',
  batched: false,
};
const box2d: EnvPeer = {
  ...gymnasium,
  python: 'gymnasium-box2d',
  packages: ['gymnasium[box2d]==1.4.0', 'Box2D==2.3.10', NUMPY],
};
const highwayEnv: EnvPeer = {
  ...gymnasium,
  name: 'highway-env 1.12.1, one copy',
  python: 'highway-env',
  packages: ['highway-env==1.12.1', GYMNASIUM, NUMPY],
};
const minatar: EnvPeer = {
  library: 'minatar',
  name: 'MinAtar 1.0.15, one copy',
  batched: false,
  python: 'minatar',
  packages: ['MinAtar==1.0.15', NUMPY],
};
const envpool: EnvPeer = {
  library: 'envpool',
  name: 'EnvPool 1.2.5, one thread',
  batched: true,
  python: 'envpool',
  packages: ['envpool==1.2.5', NUMPY],
};

const aleVector: EnvPeer = {
  library: 'ale-vector',
  name: 'ale-py 0.12.1, its vector',
  batched: true,
  python: 'ale-py',
  packages: ['ale-py==0.12.1', GYMNASIUM, NUMPY],
};

/** The same ratio at every number of copies. */
const everywhere = (goal: number) => Object.fromEntries(COPIES.map((copies) => [copies, goal]));

const game = (name: string, goal: number): EnvCase => ({
  id: `minatar/${name}`,
  peers: [minatar],
  goals: everywhere(goal),
});

const drive = (id: string, peers: readonly EnvPeer[]): EnvCase => ({ id, peers, goals: everywhere(300) });

/** The environments of `qfleet bench envs`: one of each family that is ours. */
const envCases: readonly EnvCase[] = [
  { id: 'CartPole-v1', peers: [numpyVector, envpool], goals: { 64: 20, 1024: 2.5 } },
  { id: 'MountainCar-v0', peers: [gymnasium, envpool], goals: {} },
  { id: 'Acrobot-v1', peers: [gymnasium, envpool], goals: {} },
  { id: 'Pendulum-v1', peers: [gymnasium, envpool], goals: {} },
  game('breakout', 10),
  game('asterix', 5),
  game('freeway', 5),
  game('seaquest', 5),
  game('space_invaders', 5),
  drive('highway-fast-v0', [highwayEnv, envpool]),
  drive('highway-v0', [highwayEnv, envpool]),
  drive('merge-v1', [highwayEnv, { ...envpool, id: 'merge-v0' }]),
  drive('roundabout-v1', [highwayEnv, { ...envpool, id: 'roundabout-v0' }]),
  drive('intersection-v2', [highwayEnv, { ...envpool, id: 'intersection-v0' }]),
  { id: 'LunarLander-v3', peers: [box2d, envpool], goals: { 1: 0.5 } },
];

/**
 * The cases of some environments, or all of them where none is named; one that has no peer is measured alone.
 *
 * @throws EnvironmentDefinitionError for an id that is not known.
 */
export const casesOf = (ids: readonly string[]): readonly EnvCase[] =>
  ids.length === 0
    ? envCases
    : ids.map((id) =>
        isBridged(id)
          ? bridgedCase(id)
          : (envCases.find((each) => each.id === findEnvironment(id).id) ?? { id, peers: [], goals: {} }),
      );

/** An environment that Python plays; Atari's games beside the vector environment that the bridge uses. */
const bridgedCase = (id: string): EnvCase => ({
  id,
  peers: isAtari(id) ? [aleVector] : [],
  goals: { 8: 0.9, 64: 0.9 },
  copies: BRIDGED_COPIES,
});

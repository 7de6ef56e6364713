import { actionMethods, learnsFromRounds, presetByName } from '@qfleet/config';
import type { PeerCell, TrainedCell } from './cell.ts';
import type { Line, Section } from './line.ts';

const TWO = [1, 2];
const THREE = [1, 2, 3];
const FIVE = [1, 2, 3, 4, 5];
const MINUTE = 60;

/** The methods there are. */
const all = actionMethods();
const those = (...names: string[]): string[] => names.filter((name) => all.includes(name));
const allBut = (...names: string[]): string[] => all.filter((name) => !names.includes(name));
const inRounds = (method: string): boolean => learnsFromRounds(presetByName(method));

/** Updates of a method for a frame. */
function updatesPerFrame(method: string): number {
  const config = presetByName(method);
  if (learnsFromRounds(config)) {
    const { epochs, minibatches, copies, steps } = config.agent;
    return (epochs * minibatches) / (copies * steps);
  }
  const {
    agent,
    replay: { samplesPerInsert },
  } = config;
  if (agent.kind !== 'dqn' || samplesPerInsert === null)
    throw new Error(`The method ${method} has no fixed number of updates for a frame.`);
  return samplesPerInsert / (agent.batchSize * (agent.sequence?.length ?? 1));
}

interface Plan {
  readonly goal: number | null;
  readonly seeds: readonly number[];
  /** What a cell is planned to take, on one core, or on all where it runs alone. */
  readonly seconds: number;
  readonly set: readonly string[];
}

/** A line for a method; null: for the preset's own way. */
const line = (preset: string, method: string | null, { goal, seeds, seconds, set }: Plan): Line => ({
  goal,
  cells: seeds.map(
    (seed): TrainedCell => ({
      ...{ kind: 'trained', preset, seed, set, seconds },
      ...(method === null ? {} : { method }),
    }),
  ),
});

/** A line for a peer, whose training ends as that of the methods beside it. */
const peer = (
  name: PeerCell['peer'],
  beside: string,
  preset: string,
  { goal, seeds, seconds, every }: Omit<Plan, 'set'> & { every: number },
): Line => ({
  ...{ goal, beside },
  cells: seeds.map((seed): PeerCell => ({ kind: 'peer', preset, peer: name, seed, seconds, every })),
});

/**
 * Until it is solved, for at most so many seconds or 200,000 frames. A method that learns in rounds, from many copies at once,
 * has 1.6M, over which its learning rate falls to 0.
 */
function inSeconds(method: string, seconds: number): string[] {
  const updates = updatesPerFrame(method) * (inRounds(method) ? 8 : 1);
  return [
    `stop.maxSeconds=${seconds}`,
    `stop.maxUpdates=${Math.ceil(200_000 * updates)}`,
    `evaluation.every=${Math.ceil(2_000 * updates)}`,
  ];
}

/** For so many frames; `stop.maxSeconds` only guards against a machine that is far too slow. */
function inFrames(method: string, frames: number, seconds: number, evaluations: number): string[] {
  const updates = Math.ceil(frames * updatesPerFrame(method));
  return [
    ...[`stop.maxSteps=${frames}`, `stop.maxUpdates=${updates}`, `stop.maxSeconds=${3 * seconds}`],
    `evaluation.every=${Math.ceil(updates / evaluations)}`,
    // A tenth of the run (Gallici et al., 2024, for MinAtar).
    ...(inRounds(method) ? [`exploration.steps=${frames / 10}`] : []),
  ];
}

const cartpole: Section = {
  name: 'cartpole',
  title: 'CartPole-v1',
  isInReadme: true,
  about:
    'Until it is solved (495 over 50 episodes, and over 50 fresh ones), or after 200,000 frames (`pqn`: 1.6M) or two minutes, three for ' +
    '`apex`, `iqn` and `r2d2`, half of one for `fast`. ' +
    'RL Baselines3 Zoo has 500 ± 0 for one run of its DQN (`benchmark.md`), CleanRL 488.7 ± 16.1 for its DQN (its documentation).',
  lines: [
    ...allBut('btr').map((method) => {
      const seconds = ['apex', 'iqn', 'r2d2'].includes(method) ? 180 : method === 'fast' ? 30 : 120;
      return line('cartpole', method, { goal: 475, seeds: FIVE, seconds, set: inSeconds(method, seconds) });
    }),
    ...(
      [
        ['sb3-dqn', 'dqn'],
        ['sb3-dqn-3-steps', 'dqn'],
        ['cleanrl-dqn', 'dqn'],
        ['cleanrl-pqn', 'pqn'],
      ] as const
    ).map(([name, beside]) =>
      peer(name, beside, 'cartpole', { goal: 475, seeds: FIVE, seconds: 120, every: 2_000 }),
    ),
  ],
};

const tMaze: Section = {
  name: 't-maze',
  title: 'TMaze-v0, ten steps to remember',
  about:
    'Until it is solved (0.95), or after three minutes. Who remembers nothing is right in half of the episodes.',
  digits: 2,
  lines: [
    // Its own preset is R2D2 with settings for this task.
    ...(those('r2d2').length > 0 ? ['r2d2'] : [null]).map((method) =>
      line('t-maze', method, { goal: 0.95, seeds: FIVE, seconds: 180, set: ['stop.maxSeconds=180'] }),
    ),
    line('t-maze', 'dqn', {
      ...{ goal: null, seeds: FIVE, seconds: 60 },
      set: ['stop.maxSeconds=180', 'stop.maxUpdates=25000', 'evaluation.every=2500'],
    }),
  ],
};

const acrobot: Section = {
  name: 'acrobot',
  title: 'Acrobot-v1',
  about:
    'Until it is solved (−85), or after 200,000 frames (`pqn`: 1.6M) or two minutes, one for `fast`. Published: −76.6 ± 11.8 over episodes, one run of 100,000 frames (RL Baselines3 ' +
    'Zoo’s DQN, `benchmark.md`); −91.5 ± 7.2 after 500,000 frames (CleanRL’s DQN, its documentation).',
  lines: those('dqn', 'rainbow', 'munchausen-dqn', 'iqn', 'pqn', 'fast').map((method) => {
    const seconds = method === 'fast' ? 60 : 120;
    return line('acrobot', method, { goal: -90, seeds: THREE, seconds, set: inSeconds(method, seconds) });
  }),
};

const lunarLander: Section = {
  name: 'lunar-lander',
  title: 'LunarLander-v3',
  about:
    'Ten minutes or 500,000 frames; `pqn` ten minutes or 6.4M. Published for LunarLander-v2: 154.4 ± 79.2 over episodes, one run of ' +
    '100,000 frames (RL Baselines3 Zoo’s DQN, `benchmark.md`).',
  lines: those('dqn', 'rainbow', 'pqn', 'fast').map((method) =>
    line('lunarlander', method, {
      ...{ goal: 200, seeds: THREE, seconds: 10 * MINUTE },
      set: [
        ...(inRounds(method)
          ? ['stop.maxUpdates=100000', 'evaluation.every=4000']
          : inFrames(method, 500_000, 10 * MINUTE, 25)),
        `stop.maxSeconds=${10 * MINUTE}`,
      ],
    }),
  ),
};

const SLOW = ['btr', 'iqn', 'munchausen-iqn', 'r2d2'];

const breakout: Section = {
  name: 'breakout',
  title: 'MinAtar Breakout, 500,000 frames',
  about: `An update for two frames, or what the method says. ${SLOW.map((name) => `\`${name}\``).join(', ')} have 100,000 frames.`,
  lines: all.map((method) => {
    const isSlow = SLOW.includes(method);
    const seconds = inRounds(method) ? MINUTE : (isSlow ? 3 : 6) * MINUTE;
    const set = isSlow ? inFrames(method, 100_000, seconds, 10) : inFrames(method, 500_000, seconds, 25);
    return line('minatar-breakout', method, { goal: null, seeds: THREE, seconds, set });
  }),
};

const GOALS = { breakout: 20, asterix: 10, freeway: 45, 'space-invaders': 80, seaquest: null };

const minatar: Section = {
  name: 'minatar',
  title: 'MinAtar’s five games, 10M frames',
  about: 'By `pqn`, with sticky actions and ramping difficulty, and the actions that a game needs.',
  lines: Object.entries(GOALS).map(([game, goal]) =>
    line(`minatar-${game}`, 'pqn', {
      ...{ goal, seeds: THREE, seconds: 8 * MINUTE },
      set: inFrames('pqn', 10_000_000, 8 * MINUTE, 20),
    }),
  ),
};

const HOUR = 60 * MINUTE;

const everyFrame: Section = {
  name: 'breakout-5m',
  title: 'MinAtar Breakout, 5M frames, an update a frame',
  about:
    'Batches of 32, as in MinAtar’s paper (Young and Tian, 2019), whose settings the peer has. The peer trains for an hour at most.',
  lines: [
    line('minatar-breakout', 'dqn', {
      ...{ goal: 9, seeds: TWO, seconds: HOUR },
      set: [
        ...['agent.batchSize=32', 'replay.samplesPerInsert=32', 'exploration.steps=100000'],
        ...['stop.maxSteps=5000000', 'stop.maxUpdates=5000000', `stop.maxSeconds=${2 * HOUR}`],
        'evaluation.every=100000',
      ],
    }),
    peer('minatar-dqn', 'dqn', 'minatar-breakout', { goal: 9, seeds: TWO, seconds: HOUR, every: 50_000 }),
  ],
};

/** The DQN family, each method on the same tasks; what is soon done, and tells much, comes first. */
export const family: readonly Section[] = [
  cartpole,
  tMaze,
  acrobot,
  breakout,
  lunarLander,
  minatar,
  everyFrame,
];

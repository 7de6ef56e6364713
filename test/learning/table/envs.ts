import type { Cell } from './cell.ts';

/** A line of the table: the cells of one preset, or of one fixed policy beside it. */
export interface Line {
  readonly cells: readonly Cell[];
  /** The return that a seed should reach; null: there is none, or a fixed policy's is beside it. */
  readonly goal: number | null;
  /** The part of its data's mean return that a seed should reach. */
  readonly dataGoal?: number;
}

const FIVE = [1, 2, 3, 4, 5];

const trained = (
  preset: string,
  goal: number | null,
  { seeds = [1], set = [], fleet = false }: { seeds?: number[]; set?: string[]; fleet?: boolean } = {},
): Line => ({ cells: seeds.map((seed) => ({ kind: 'trained', preset, seed, set, fleet })), goal });

const fixed = (preset: string, name: string, action: number | null): Line => ({
  cells: [{ kind: 'fixed', preset, seed: 1, action, name }],
  goal: null,
});

/** An agent beside the policies that need no learning: an idle and a slower driver, and a random one. */
const driving = (preset: string, idle: number, slower: number): Line[] => [
  trained(preset, null),
  fixed(preset, 'always slower', slower),
  fixed(preset, 'always idle', idle),
  fixed(preset, 'random', null),
];

/** Games, driving and control: what the presets of the native environments learn. */
export const envs: readonly Line[] = [
  // On and on, after it is solved: whether it stays so.
  trained('cartpole', 475, { seeds: FIVE, set: ['stop.solvedReturn=null', 'stop.maxUpdates=60000'] }),
  trained('lunarlander', 200, { seeds: FIVE }),
  fixed('lunarlander', 'random', null),
  ...driving('highway', 1, 4),
  ...driving('merge', 1, 4),
  ...driving('roundabout', 1, 4),
  ...driving('intersection', 1, 0),
  ...['breakout', 'asterix', 'freeway', 'seaquest', 'space-invaders'].flatMap((game) => [
    trained(`minatar-${game}`, game === 'breakout' ? 5 : null, { fleet: true }),
    fixed(`minatar-${game}`, 'random', null),
  ]),
];

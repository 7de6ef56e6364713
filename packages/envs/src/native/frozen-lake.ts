import { GREEN, GREY, RED } from '../drawing/colours.ts';
import { tilesPicture } from '../drawing/tables.ts';
import type { EnvironmentDefinition, Transition } from '../environment.ts';
import { tabular } from './tabular.ts';

/** S start, F frozen, H hole, G goal. */
const maps = {
  '4x4': ['SFFF', 'FHFH', 'FFFH', 'HFFG'],
  '8x8': ['SFFFFFFF', 'FFFFFFFF', 'FFFHFFFF', 'FFFFFHFF', 'FFFHFFFF', 'FHHFFFHF', 'FHFFHFHF', 'FFFHFFFG'],
} as const;

const tiles = {
  S: { label: 'start', colour: GREY },
  H: { label: 'hole', colour: RED },
  G: { label: 'goal', colour: GREEN },
};

/** Left, down, right, up: as (row, column). */
const moves = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

const within = (x: number, size: number): number => Math.min(Math.max(x, 0), size - 1);

/** A square a state, row by row. On slippery ice a move goes astray to either side of where it is meant. */
export function frozenLake(
  id: 'FrozenLake-v1' | 'FrozenLake8x8-v1',
  options: {
    map_name?: keyof typeof maps | undefined;
    is_slippery: boolean;
    success_rate: number;
  },
): EnvironmentDefinition {
  // As in Gymnasium the time limit and the threshold go with the id, whatever the map.
  const registered = id === 'FrozenLake-v1' ? '4x4' : '8x8';
  const map = options.map_name ?? registered;
  const rows = maps[map];
  const size = rows.length;
  const { is_slippery: slippery, success_rate: successRate } = options;

  const arrive = (state: number, move: number, probability: number): Transition => {
    const row = within(Math.floor(state / size) + moves[move][0], size);
    const column = within((state % size) + moves[move][1], size);
    const tile = rows[row][column];
    return {
      probability,
      next: row * size + column,
      reward: tile === 'G' ? 1 : 0,
      terminated: tile === 'G' || tile === 'H',
    };
  };

  return tabular(
    {
      id,
      maxEpisodeSteps: registered === '4x4' ? 100 : 200,
      solvedReturn: registered === '4x4' ? 0.7 : 0.85,
      summary: `Cross a frozen lake (${map}) without falling into a hole.`,
    },
    {
      states: size * size,
      actions: moves.length,
      starts: [0],
      picture: (state) => tilesPicture(rows, tiles, state),
      transitions(state, action) {
        const tile = rows[Math.floor(state / size)][state % size];
        if (tile === 'G' || tile === 'H') {
          return [{ probability: 1, next: state, reward: 0, terminated: true }];
        }
        if (!slippery) return [arrive(state, action, 1)];
        const astray = (1 - successRate) / 2;
        return [
          arrive(state, (action + 3) % 4, astray),
          arrive(state, action, successRate),
          arrive(state, (action + 1) % 4, astray),
        ];
      },
    },
  );
}

import { listPresets } from '@qfleet/config';
import type { Line } from './envs.ts';

const FIVE = [1, 2, 3, 4, 5];
/** Seconds that a cell trains at most. */
const LONGEST = 120;

/** The methods of the DQN family on the balanced pole. */
export const family: readonly Line[] = listPresets()
  .filter(({ kind }) => kind === 'method')
  .map(({ name }) => ({
    goal: 475,
    cells: FIVE.map((seed) => ({
      kind: 'trained',
      preset: 'cartpole',
      method: name,
      seed,
      set: [`stop.maxSeconds=${LONGEST}`],
    })),
  }));

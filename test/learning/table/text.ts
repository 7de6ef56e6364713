import type { TrainedCell } from './cell.ts';
import type { Line, Section } from './line.ts';

const THREE = [1, 2, 3];

/** The return that a seed should reach; null: the method is there to be held against. */
type Goals = Readonly<Record<string, number | null>>;

const lines = (preset: string, goals: Goals, seconds: number): Line[] =>
  Object.entries(goals).map(([method, goal]) => ({
    goal,
    // A task's preset is ILQL with the task's own settings, where it has any.
    cells: THREE.map(
      (seed): TrainedCell => ({
        ...{ kind: 'trained', preset, seed, seconds },
        ...(method === 'ilql' ? { name: method } : { method }),
      }),
    ),
  }));

const walks: Section = {
  name: 'walks',
  title: 'text/walks, graph 1000',
  about: 'The data’s walks reach 0.346 on average, the best possible is 1.',
  digits: 3,
  lines: lines('walks', { sft: null, 'filtered-sft': null, mc: null, ilql: 0.97, 'token-dqn': 0.97 }, 60),
};

const maze: Section = {
  name: 'maze',
  title: 'text/maze, position seen',
  about: 'The data’s episodes return −89.7 on average, the best possible is −6.84.',
  digits: 2,
  lines: lines('maze', { sft: null, 'filtered-sft': null, mc: null, ilql: -7.5, 'token-dqn': -7.5 }, 120),
};

/** What agents that speak learn. */
export const text: readonly Section[] = [walks, maze];

import type { TrainedCell } from './cell.ts';
import type { Line, Section } from './line.ts';

const THREE = [1, 2, 3];

/** The return that a seed should reach; null: the method is there to be held against. */
type Goals = Readonly<Record<string, number | null>>;

/** Settings above those of a method, by its name. */
type Settings = Readonly<Record<string, readonly string[]>>;

const lines = (preset: string, goals: Goals, seconds: number, settings: Settings = {}): Line[] =>
  Object.entries(goals).map(([method, goal]) => ({
    goal,
    // A task's preset is ILQL with the task's own settings, where it has any.
    cells: THREE.map(
      (seed): TrainedCell => ({
        ...{ kind: 'trained', preset, seed, seconds },
        ...(method === 'ilql' ? { name: method } : { method }),
        ...(settings[method] && { set: settings[method] }),
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

/** How Wordle's preset learns, for the other methods too: methods have what suits walks. */
const WORDLE = [
  'agent.learningRate=3e-3',
  'agent.learningRateWarmup=50',
  'agent.learningRateDecay=0.05',
  'agent.learningRateSchedule=cosine',
  'agent.batchSize=1024',
];

const wordle: Section = {
  name: 'wordle',
  title: 'text/wordle, 60 words',
  about:
    'The data’s episodes return −3.30 on average, a random consistent word −1.70, the best possible is −1.37. Methods other than ILQL have rates and ' +
    'batches of its preset, and the settings of `test/learning/table/text.ts`.',
  digits: 2,
  lines: lines('wordle', { sft: null, 'filtered-sft': null, mc: -2.2, ilql: -3, 'token-dqn': -3 }, 400, {
    sft: WORDLE,
    'filtered-sft': WORDLE,
    mc: [...WORDLE, 'agent.cql.alpha=0.01', 'agent.beta=64', 'agent.pretraining=0'],
    'token-dqn': [
      ...WORDLE,
      'agent.data.updates=3000',
      'agent.pretraining=3000',
      'agent.among=8',
      'stop.maxUpdates=5000',
    ],
  }),
};

const steer: Section = {
  name: 'steer',
  title: 'text/steer, sentiment',
  about:
    'The data’s continuations have 0.131 on average, the best possible is 1. Twice as much is asked for, within 10 nats a continuation from the language model. Three seeds shared a core with other programs: CPU seconds tell their own time.',
  digits: 3,
  lines: lines('steer', { sft: null, 'filtered-sft': null, mc: 0.262, ilql: 0.262 }, 60),
};

/** What agents that speak learn. */
export const text: readonly Section[] = [walks, maze, wordle, steer];

import type { Recording } from './cell.ts';
import type { Line, Section } from './line.ts';

const FIVE = [1, 2, 3, 4, 5];

/** A plain learner: averaged weights, which the preset plays by, would hide where the newest go astray. */
const PLAIN = [
  'agent.nSteps=3',
  'agent.learningRate=2e-3',
  'agent.target.publish=false',
  'stop.solvedReturn=null',
];

/**
 * A mediocre policy, which balances the pole for a while, and 20,000 steps of it where so many actions are taken by chance.
 * It learns nothing more while it plays these, so that all of them are of one policy.
 */
const mediocre = (byChance: number): Recording => ({
  // Seldom an update, and one evaluation, of the last weights: with those the other run begins.
  policy: [...PLAIN, 'replay.samplesPerInsert=8', 'stop.maxSteps=10000', 'evaluation.every=100000'],
  play: [
    ...[...PLAIN, `exploration.from=${byChance}`, `exploration.to=${byChance}`, 'stop.maxSteps=20000'],
    ...['agent.learningRate=1e-12', 'replay.samplesPerInsert=0.5'],
  ],
});

/** To the end, so that the last weights are of equally many updates. */
const LEARNING = [...PLAIN, 'stop.maxUpdates=8000', 'stop.maxSeconds=60'];

// With α of 0.1, 0.3 and 1, seeds 1 and 2, a third by chance, the last weights came to 500 and 237, 470 and 290, 279 and 202.
const WITH_CQL = ['agent.cql.alpha=0.3'];

const line = (name: string, recording: Recording, set: readonly string[], dataGoal?: number): Line => ({
  goal: null,
  ...(dataGoal === undefined ? {} : { dataGoal }),
  cells: FIVE.map((seed) => ({
    ...{ kind: 'trained', preset: 'cartpole', name, seed, recording },
    set: [...LEARNING, ...set],
  })),
});

const lines: readonly Line[] = [
  line('a third by chance', mediocre(0.3), []),
  line('a third by chance, with CQL', mediocre(0.3), WITH_CQL, 1.5),
  // In most states one action alone is known.
  line('a tenth by chance', mediocre(0.1), []),
  line('a tenth by chance, with CQL', mediocre(0.1), WITH_CQL),
];

/** The balanced pole from what a mediocre policy has played, with and without the term for offline learning. */
export const offline: readonly Section[] = [{ name: null, lines }];

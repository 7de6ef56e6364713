import { ConfigError } from '@qfleet/config';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idOf } from '../src/cells.ts';
import { differences } from '../src/differences.ts';
import {
  bestOf,
  type CellResult,
  keyOf,
  type Plan,
  pendingJobs,
  planName,
  ranking,
  workOf,
} from '../src/index.ts';
import { baseOf, planAgain, planOf, resultOf } from './support.ts';

const halving = `
train: cartpole
seeds: 1..2
space: {agent.nSteps: {integers: [1, 9]}}
strategy: halving
`;

/** What a sweep does when its cells end in some order, each with the return that `scoreOf` gives. */
function runThrough(plan: Plan, scoreOf: (cell: string) => number | null, order: () => number) {
  const results = new Map<string, CellResult>();
  const trained: string[] = [];
  for (let jobs = pendingJobs(plan, results); jobs.length > 0; jobs = pendingJobs(plan, results)) {
    const job = jobs[Math.floor(order() * jobs.length)];
    trained.push(keyOf(job));
    results.set(keyOf(job), resultOf(job.cell, job.rung, scoreOf(job.cell)));
  }
  return { results, trained };
}

describe('a plan', () => {
  it('has a cell for each setting and seed, known by a hash of its whole configuration', () => {
    const plan = planOf(
      'train: cartpole\nseeds: [3, 5]\nspace: {agent.nSteps: [1, 3], agent.learningRate: [1e-3, 2e-3]}\n',
    );
    expect(plan.cells).toHaveLength(8);
    expect(new Set(plan.cells.map(({ id }) => id)).size).toBe(8);
    for (const { id, config, seed, setting } of plan.cells) {
      expect(id).toMatch(/^[0-9a-f]{12}$/);
      expect(config.seed).toBe(seed);
      expect(config.agent).toMatchObject({ nSteps: plan.settings[setting]['agent.nSteps'] });
      const { agent, ...rest } = config;
      expect(idOf({ agent, ...rest } as typeof config)).toBe(id);
    }
  });

  it('is the same when it is made again from what is kept of it', () => {
    const text =
      'train: cartpole\nspace: {agent.learningRate: {logUniform: [1e-5, 1e-2]}}\nstrategy: {kind: random, count: 20}\n';
    const plan = planOf(text);
    expect(planAgain(plan)).toEqual(plan);
    expect(differences(plan, planAgain(plan))).toEqual([]);
    expect(planName(plan)).toBe(planName(planAgain(plan)));
  });

  it('counts settings that come to the same once', () => {
    const text =
      'train: cartpole\nspace: {agent.target: [{kind: soft, tau: 0.005}, {kind: soft}], agent.nSteps: [1, 3]}\n';
    expect(planOf(text).settings).toHaveLength(2);
  });

  it('takes the metric that the sweep says, and the seed of the configuration where it says none', () => {
    const plan = planOf('train: cartpole\nspace: {agent.nSteps: [1, 3]}\n', baseOf('seed=9'));
    expect(plan.cells.map(({ seed }) => seed)).toEqual([9, 9]);
    const results = new Map(
      plan.cells.map(({ id }, i) => [keyOf({ cell: id, rung: 0 }), { ...resultOf(id, 0, i), best: 9 - i }]),
    );
    expect(bestOf(plan, ranking(plan, results))!.place).toBe(1);
    const byBest = { ...plan, definition: { ...plan.definition, metric: 'best' as const } };
    expect(bestOf(byBest, ranking(byBest, results))!.place).toBe(0);
  });
});

describe('successive halving', () => {
  const plan = planOf(halving);
  // Equal scores abound.
  const scores = new Map(plan.cells.map(({ id, setting }) => [id, [4, 7, 7, 1, 7, 7, 2, 7, 3][setting]]));

  it('trains the best for longer, whatever the order in which cells end', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (stream) => {
          const { trained, results } = runThrough(
            plan,
            (cell) => scores.get(cell)!,
            () => stream.next().value,
          );
          expect(new Set(trained).size).toBe(trained.length);
          expect(trained).toHaveLength((9 + 3 + 1) * 2);
          const at = (rung: number) =>
            [...results.values()]
              .filter((result) => result.rung === rung)
              .map(({ cell }) => plan.cells.find(({ id }) => id === cell)!.setting);
          expect([...new Set(at(1))].sort()).toEqual([1, 2, 4]);
          expect([...new Set(at(2))]).toEqual([1]);
          expect(bestOf(plan, ranking(plan, results))).toMatchObject({
            place: 1,
            mean: 7,
            error: 0,
            rung: 2,
          });
          expect(workOf(plan, results)).toMatchObject({ ended: 26, jobs: 26 });
        },
      ),
      { numRuns: 20 },
    );
  });

  it('leaves out what failed, and ends where everything did', () => {
    const failing = runThrough(
      plan,
      (cell) => (scores.get(cell) === 7 ? null : scores.get(cell)!),
      () => 0,
    );
    const ranked = ranking(plan, failing.results);
    expect(bestOf(plan, ranked)).toMatchObject({ place: 0, mean: 4 });
    expect(ranked.at(-1)).toMatchObject({ isWhole: false, failed: 2, mean: null });
    const none = runThrough(
      plan,
      () => null,
      () => 0,
    );
    expect(none.trained).toHaveLength(18);
    expect(bestOf(plan, ranking(plan, none.results))).toBeNull();
  });

  it('has rungs of steps where it is told to', () => {
    const text = halving.replace('halving', '{kind: halving, unit: steps, rungs: 2}');
    const { rungs } = planOf(text, baseOf('stop.maxSteps=5000', 'replay.sampling.kind=prioritized'));
    expect(rungs).toEqual([
      { settings: 9, budget: 1667 },
      { settings: 3, budget: 5000 },
    ]);
  });
});

describe('the ranking', () => {
  it('puts a setting with a seed that failed behind those without, and equal ones in their order', () => {
    const plan = planOf('train: cartpole\nseeds: 1..2\nspace: {agent.nSteps: [1, 2, 3]}\n');
    const means = [9, null, 5, 7, 7, 5];
    const results = new Map(
      plan.cells.map(({ id }, i) => [keyOf({ cell: id, rung: 0 }), resultOf(id, 0, means[i])]),
    );
    const ranked = ranking(plan, results);
    expect(ranked.map(({ place, mean, error, failed }) => [place, mean, error, failed])).toEqual([
      [1, 6, 1, 0],
      [2, 6, 1, 0],
      [0, 9, null, 1],
    ]);
  });
});

describe('what is wrong', () => {
  const space = 'space: {agent.nSteps: [1, 2, 3]}';
  it.each([
    [`${space}`, /sweep\.yaml: train is missing/],
    [
      'train: cartpole\nspace: {agent.learnRate: [1, 2]}',
      /:2:\d+: agent\.learnRate is unknown\. Did you mean agent\.learningRate\?/,
    ],
    ['train: cartpole\nspace: {agent.nSteps: [one, 2]}', /agent\.nSteps is "one"; allowed: an integer/],
    ['train: cartpole\nspace: {agent.nSteps: []}', /agent\.nSteps is an empty list/],
    ['train: cartpole\nspace: {agent.discount: {uniform: [1, 0.9]}}', /low below high/],
    [
      'train: cartpole\nspace: {agent.discount: {uniform: [0.9, 1]}}',
      /no list of values for a grid.*strategy random/,
    ],
    ['train: cartpole\nspace: {}', /single cell/],
    ['train: cartpole\nspace: {seed: [1, 2]}', /name seeds under seeds/],
    [`train: cartpole\nset: {agent.nSteps: 1}\n${space}`, /agent\.nSteps stands under set, too/],
    [`train: cartpole\n${space}\nstrategy: gird`, /strategy\.kind is "gird".*Did you mean grid\?/],
    [
      `train: cartpole\n${space}\nstrategy: {kind: random, count: 4}`,
      /count is 4, and the space has 3 settings/,
    ],
    [`train: cartpole\n${space}\nstrategy: {kind: random}`, /strategy\.count is missing/],
    [
      `train: cartpole\n${space}\nstrategy: {kind: halving, factor: 4}`,
      /factor is 4, and there are 3 settings/,
    ],
    [
      `train: cartpole\n${space}\nstrategy: {kind: halving, rungs: 3}`,
      /rungs is 3, and 3 settings by a factor of 3 make at most 2/,
    ],
    ['train: cartpole\nspace: {stop.maxUpdates: [1, 2, 3]}\nstrategy: halving', /holds the budget/],
    [`train: cartpole\n${space}\nseeds: 3..1`, /seeds is 3\.\.1; allowed: a range from low to high/],
    [`train: cartpole\n${space}\nseeds: 3`, /seeds is 3; allowed: a range as 1\.\.5/],
    [`train: cartpole\n${space}\nseeds: [1, 1]`, /each seed once/],
    [`train: cartpole\n${space}\nseeds: 0..20000`, /at most 10000 seeds/],
    [`train: cartpole\n${space}\nmetric: lost`, /metric is "lost"; allowed: last or best/],
    [`train: cartpole\n${space}\nspac: 1`, /spac is unknown\. Did you mean space\?/],
    ['train: cartpole\nspace: {agent.batchSize: {integers: [1, 20000]}}', /at most 10000/],
  ])('is said in a sentence: %s', (text, why) => {
    const plan = () => planOf(`${text}\n`);
    expect(plan).toThrow(ConfigError);
    expect(plan).toThrow(why);
  });

  it('halving does not move what ends at stop.maxUpdates', () => {
    const base = baseOf('agent.learningRateDecay=0.1');
    expect(() => planOf(halving, base)).toThrow(
      /unit is updates.*agent\.learningRateDecay ends there: take steps/,
    );
    expect(() => planOf(halving.replace('halving', '{kind: halving, unit: steps}'), base)).toThrow(
      /stop\.maxSteps is null/,
    );
  });
});

it('halving takes no first rung that a run can not be trained up to', () => {
  const steps = halving.replace('halving', '{kind: halving, unit: steps}');
  expect(() => planOf(steps, baseOf('stop.maxSteps=9000'))).toThrow(
    /the first rung has 1000, before learning begins at 1000 \(replay\.minSize\): take fewer rungs/,
  );
  expect(() => planOf(halving, baseOf('agent.learningRateWarmup=200'))).toThrow(
    /the first rung has 100, and agent\.learningRateWarmup is 200; allowed: less than stop\.maxUpdates, 100/,
  );
});

it('tells in what two sweeps differ', () => {
  const plan = planOf(
    'train: cartpole\nseeds: 1..2\nspace: {agent.nSteps: [1, 3], agent.batchSize: [32, 64]}\n',
  );
  const other = planOf(
    'train: cartpole\nseeds: 1..2\nspace: {agent.nSteps: [1, 5], agent.batchSize: [32, 64]}\nmetric: best\n',
    baseOf('agent.discount=0.9'),
  );
  expect(differences(plan, other)).toEqual([
    'agent.nSteps: [1,3] → [1,5]',
    'metric: "last" → "best"',
    'agent.discount: 0.99 → 0.9',
  ]);
  const turned = planOf(
    'train: cartpole\nseeds: 1..2\nspace: {agent.batchSize: [32, 64], agent.nSteps: [1, 3]}\n',
  );
  expect(differences(plan, turned)).toEqual(['the order of the fields of space']);
});

import { Random } from '@qfleet/random';
import { expect, it } from 'vitest';
import { epsilonGreedy } from '../src/acting/epsilon-greedy.ts';
import { networkInference } from '../src/acting/network-inference.ts';
import { ValuePolicy } from '../src/acting/value-policy.ts';
import { createValueAgent } from '../src/value/agent.ts';
import { rowsOf } from './acting.ts';
import { dqnConfig } from './dqn-config.ts';
import { gaussian, gaussianSchema } from './fixtures/gaussian.ts';

const spec = { shape: [2], dtype: 'float32', frames: 1, actions: 2 } as const;
const ROWS = 32;

it('an objective with a head of its own, added in one file, learns in the compiled step, and actors play it', async () => {
  const objective = gaussian(gaussianSchema.parse({ kind: 'gaussian' }));
  const dqn = dqnConfig({
    network: { kind: 'mlp', hidden: [16], dueling: true },
    batchSize: ROWS,
    learningRate: 0.01,
    learningRateDecay: 0.01,
    updatesPerCall: 2,
  });
  const agent = await createValueAgent({ config: dqn, spec, seed: 1, totalUpdates: 800, objective });
  expect(agent.unit).toEqual({ kind: 'transition', nSteps: 1 });
  const random = new Random(3);
  // Action 0 gives −1 or 2 by chance, whose variance is 2.25; action 1 gives 1 where the observation is positive, else 0,
  // and noise of variance 0.25.
  const draw = () => {
    const observations = Float32Array.from({ length: 2 * ROWS }, () => random.normal());
    const actions = Int32Array.from({ length: ROWS }, () => random.integer(2));
    return {
      size: ROWS,
      observations,
      nextObservations: observations,
      actions,
      returns: Float32Array.from(actions, (action, row) =>
        action === 0
          ? random.uniform() < 0.5
            ? -1
            : 2
          : Number(observations[2 * row] > 0) + 0.5 * random.normal(),
      ),
      discounts: new Float32Array(ROWS),
      weights: new Float32Array(ROWS).fill(1),
      handles: new Int32Array(ROWS),
      columns: {},
      nextColumns: {},
    };
  };
  const priorities = new Float32Array(2 * ROWS);
  let numbers: Readonly<Record<string, number>> = {};
  for (let call = 0; call < 400; call++) ({ numbers } = agent.update([draw(), draw()], priorities));
  expect(Object.keys(numbers).sort()).toEqual([
    'gradientNorm',
    'loss',
    'meanAbsTdError',
    'meanLogVariance',
    'meanQ',
  ]);
  expect(Math.min(...priorities)).toBeGreaterThanOrEqual(0);
  const meanLogVariance = (Math.log(2.25) + Math.log(0.25)) / 2;
  expect(Math.abs(numbers['meanLogVariance'] - meanLogVariance)).toBeLessThan(0.4);

  const inference = await networkInference(dqn, spec, objective);
  const policy = new ValuePolicy(inference, 2, epsilonGreedy);
  policy.load(agent.parameters());
  const values = new Float32Array(4);
  const actions = new Int32Array(2);
  const observations = Float32Array.of(1, 0, -1, 0);
  policy.act(rowsOf(policy, observations, 2, { actions, values }));
  for (const [i, expected] of [0.5, 1, 0.5, 0].entries()) {
    expect(Math.abs(values[i] - expected)).toBeLessThan(0.15);
  }
  expect([...actions]).toEqual([1, 0]);
  agent.dispose();
});

import { Random } from '@qfleet/random';
import { loadTensor } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { epsilonGreedy } from '../src/acting/epsilon-greedy.ts';
import { networkInference } from '../src/acting/network-inference.ts';
import { ValuePolicy } from '../src/acting/value-policy.ts';
import { createValueAgent } from '../src/value/agent.ts';
import { rowsOf } from './acting.ts';
import { dqnConfig } from './dqn-config.ts';
import { c51, c51Schema } from './fixtures/c51.ts';

const spec = { shape: [2], dtype: 'float32', frames: 1, actions: 2 } as const;
const ROWS = 32;

/** Σ pᵢ on atoms at [low, high], by algorithm 1 of Bellemare et al. as it is printed. */
function project(p: number[], reward: number, discount: number, low: number, high: number): number[] {
  const width = (high - low) / (p.length - 1);
  const m = p.map(() => 0);
  p.forEach((mass, j) => {
    const b = (Math.min(high, Math.max(low, reward + discount * (low + j * width))) - low) / width;
    const [l, u] = [Math.floor(b), Math.ceil(b)];
    if (l === u) m[l] += mass;
    else {
      m[l] += mass * (u - b);
      m[u] += mass * (b - l);
    }
  });
  return m;
}

describe('C51, added as one head, one objective and one variant of the configuration', () => {
  const config = c51Schema.parse({ kind: 'c51', atoms: 11, low: -2, high: 3 });

  it('projects as its paper does', async () => {
    const { tf } = await loadTensor();
    const random = new Random(1);
    const logits = Float32Array.from({ length: 5 * 2 * 11 }, () => random.normal());
    const returns = Float32Array.from({ length: 5 }, () => 2 * random.normal());
    const discounts = Float32Array.of(0, 0.9, 1, 0.5, 0.9);
    const projected = tf.tidy(() => {
      const outputs = () => ({ logits: tf.tensor(logits, [5, 2, 11]) });
      const zeros = tf.zeros([5]);
      const batch = { observations: zeros, nextObservations: zeros, actions: zeros, weights: zeros };
      const { probabilities } = c51(config).targets({ tf, actions: 2 }, outputs, outputs, {
        ...batch,
        returns: tf.tensor(returns),
        discounts: tf.tensor(discounts),
      });
      return probabilities.arraySync() as number[][];
    });
    for (let row = 0; row < 5; row++) {
      const distributions = [0, 1].map((action) => {
        const start = (row * 2 + action) * 11;
        const powers = [...logits.subarray(start, start + 11)].map(Math.exp);
        const sum = powers.reduce((a, b) => a + b);
        return powers.map((power) => power / sum);
      });
      const means = distributions.map((p) => p.reduce((mean, mass, j) => mean + mass * (-2 + j * 0.5), 0));
      const next = distributions[means[1] > means[0] ? 1 : 0];
      project(next, returns[row], discounts[row], -2, 3).forEach((mass, j) => {
        expect(projected[row][j]).toBeCloseTo(mass, 5);
      });
    }
  });

  it('learns in the compiled step, and actors play what it learned', async () => {
    const objective = c51(config);
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
    // Action 0 gives −1 or 2 by chance, action 1 gives 1 where the observation is positive, else 0.
    const draw = () => {
      const observations = Float32Array.from({ length: 2 * ROWS }, () => random.normal());
      const actions = Int32Array.from({ length: ROWS }, () => random.integer(2));
      return {
        size: ROWS,
        observations,
        nextObservations: observations,
        actions,
        returns: Float32Array.from(actions, (action, row) =>
          action === 0 ? (random.uniform() < 0.5 ? -1 : 2) : observations[2 * row] > 0 ? 1 : 0,
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
    expect(Object.keys(numbers).sort()).toEqual(['gradientNorm', 'loss', 'meanAbsTdError', 'meanQ']);
    // Cross entropies, of which a fair coin's is ln 2 and a sure thing's 0.
    expect(Math.min(...priorities)).toBeGreaterThanOrEqual(0);
    expect(numbers['loss']).toBeLessThan(0.6);

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
});

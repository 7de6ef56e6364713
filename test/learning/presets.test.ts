import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../support/qfleet.ts';

interface Summary {
  readonly trainingSeconds: number;
  readonly updates: number;
  readonly evaluation: { readonly mean: number; readonly episodes: number };
}

async function train(preset: string, seed: number, ...args: string[]): Promise<Summary> {
  const directory = join(temporaryDirectory(), 'run');
  const { code, stdout, stderr } = await qfleet([
    ...['train', preset, '--seed', String(seed), '--run-dir', directory, '--json'],
    ...args,
  ]);
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(stdout) as Summary;
  console.log(
    `${preset}, seed ${seed}: return ${summary.evaluation.mean} after ${summary.updates} updates, ` +
      `${summary.trainingSeconds.toFixed(1)} s of training`,
  );
  return summary;
}

const seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

describe('a fleet learns, on every seed', () => {
  // The bar of the task's authors (Barto, Sutton and Anderson's pole as CartPole-v1): 475 of 500.
  it.for(seeds)('CartPole to a greedy return of 475 or more, seed %i', async (seed) => {
    const { evaluation } = await train('cartpole', seed);
    expect(evaluation.episodes).toBe(50);
    expect(evaluation.mean).toBeGreaterThanOrEqual(475);
  });

  // The optimum: 13 steps along the cliff's edge (Sutton and Barto, 2018, example 6.6).
  it.for([0, 1, 2])('CliffWalking to the optimum of −13, seed %i', async (seed) => {
    expect((await train('cliffwalking', seed)).evaluation.mean).toBe(-13);
  });

  it('Acrobot beyond a return of −100', async () => {
    expect((await train('acrobot', 0)).evaluation.mean).toBeGreaterThan(-100);
  });

  // Value iteration on the true transitions gives a mean of 7.9 over Taxi's 300 starts; 20 episodes scatter by 0.6.
  it('Taxi near the optimum', async () => {
    expect((await train('taxi', 0)).evaluation.mean).toBeGreaterThan(6);
  });

  // The optimal policy reaches the goal in 74 % of the episodes; 20 episodes scatter by 10 %.
  it('FrozenLake near the optimum', async () => {
    expect((await train('frozenlake', 0)).evaluation.mean).toBeGreaterThan(0.44);
  });
});

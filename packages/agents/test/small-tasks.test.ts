import { describe, expect, it } from 'vitest';
import { checkDistributions, checkValues, overestimate, unscaled } from './small-task-checks.ts';
import { chain, noisyArms } from './small-tasks.ts';

const hlGauss = { kind: 'hl-gauss', bins: 101, low: -0.5, high: 1.5 };

describe('the values of a chain are those of value iteration', () => {
  it('of DQN', () => checkValues(chain, { doubleQ: false }, 800));
  it('of double DQN, rescaled', () => checkValues(chain, { valueRescaling: 1e-3 }, 800, unscaled));
  it('of HL-Gauss', () => checkValues(chain, { objective: hlGauss }, 800));
  it('of Munchausen-DQN, by its own backup', () =>
    checkValues(chain, { doubleQ: false, munchausen: {} }, 800));
});

describe('the distributions of two noisy arms are those of returns that were played', () => {
  it.each([
    { kind: 'c51', atoms: 61, low: -3, high: 6 },
    { kind: 'qr', quantiles: 24, kappa: 0.02 },
    { kind: 'iqn', cosines: 32, kappa: 0.02 },
  ])('of $kind', (objective) =>
    checkDistributions(noisyArms, { objective, network: { kind: 'mlp', hidden: [32, 32] } }, 1_200),
  );
});

it('double Q-learning overestimates less than single, where rewards are noise', async () => {
  const [single, double] = await Promise.all([false, true].map((doubleQ) => overestimate(doubleQ, 1_200)));
  // The true value is 0.
  expect(single).toBeGreaterThan(0.1);
  expect(Math.abs(double)).toBeLessThan(single / 2);
});

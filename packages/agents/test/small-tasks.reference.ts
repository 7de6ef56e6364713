import { describe, expect, it } from 'vitest';
import { checkDistributions, checkValues, overestimate } from './small-task-checks.ts';
import { frozenLake, noisyArms } from './small-tasks.ts';

const hlGauss = { kind: 'hl-gauss', bins: 101, low: -0.5, high: 1.5 };
const soft = { doubleQ: false, munchausen: {} };
const updates = 8_000;

describe('the values of FrozenLake are those of value iteration', () => {
  it.each(
    Object.entries({
      dqn: { doubleQ: false },
      'double dqn, squared': { loss: 'mse' },
      'double dqn, dueling': { network: { kind: 'mlp', hidden: [32, 32], dueling: true } },
      'hl-gauss': { objective: hlGauss },
      'hl-gauss, single': { objective: hlGauss, doubleQ: false },
    }),
  )('of %s', (_name, fields) => checkValues(frozenLake, fields, updates));

  it.each(
    Object.entries({
      'munchausen-dqn': soft,
      'munchausen-dqn, tau 0.1': { doubleQ: false, munchausen: { tau: 0.1, alpha: 0.5 } },
      'munchausen hl-gauss': { objective: { ...hlGauss, bins: 301, low: -4, high: 2 }, ...soft },
    }),
  )('of %s, by its own backup', (_name, fields) => checkValues(frozenLake, fields, updates));
});

describe('the distributions are those of returns that were played', () => {
  const network = { kind: 'mlp', hidden: [32, 64] };
  const dueling = { ...network, dueling: true };
  it.each(
    Object.entries({
      c51: { objective: { kind: 'c51', atoms: 101, low: -3, high: 6 }, doubleQ: false, network },
      'double c51, dueling': { objective: { kind: 'c51', atoms: 101, low: -3, high: 6 }, network: dueling },
      'qr, kappa 0': { objective: { kind: 'qr', quantiles: 50, kappa: 0 }, doubleQ: false, network },
      'double qr, dueling': { objective: { kind: 'qr', quantiles: 50, kappa: 0.02 }, network: dueling },
      iqn: { objective: { kind: 'iqn', kappa: 0.02 }, doubleQ: false, network },
      'double iqn, dueling': { objective: { kind: 'iqn', kappa: 0.02 }, network: dueling },
    }),
  )('of two noisy arms, by %s', (_name, fields) => checkDistributions(noisyArms, fields, updates));

  it.each(
    Object.entries({
      c51: { objective: { kind: 'c51', atoms: 101, low: 0, high: 1 }, network },
      qr: { objective: { kind: 'qr', quantiles: 50, kappa: 0.01 }, network },
      iqn: {
        objective: { kind: 'iqn', samples: 32, targetSamples: 32, kappa: 0.01 },
        learningRate: 3e-3,
        network,
      },
    }),
  )('of FrozenLake, by %s', (_name, fields) => checkDistributions(frozenLake, fields, updates));
});

it('double Q-learning overestimates less than single, over a longer run', async () => {
  const single = await overestimate(false, updates);
  const double = await overestimate(true, updates);
  expect(single).toBeGreaterThan(0.1);
  expect(Math.abs(double)).toBeLessThan(single / 3);
});

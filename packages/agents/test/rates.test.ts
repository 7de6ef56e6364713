import { describe, expect, it } from 'vitest';
import { ratesOf } from '../src/dqn/rates.ts';
import { dqnConfig } from './dqn-config.ts';

describe('the rates of an update', () => {
  it("bring Adam's bias corrections", () => {
    const config = dqnConfig({ learningRate: 0.01, adamEpsilon: 1e-4 });
    const { stepSize, epsilon } = ratesOf(config, 0, null, 9);
    // Of update 10: step size α√(1 − β₂¹⁰)/(1 − β₁¹⁰) (Kingma and Ba, 2015, end of section 2).
    const correction = Math.sqrt(1 - 0.999 ** 10);
    expect(stepSize / ((0.01 * correction) / (1 - 0.9 ** 10))).toBeCloseTo(1, 4);
    expect(epsilon / (1e-4 * correction)).toBeCloseTo(1, 4);
  });

  it('let the learning rate fall linearly to its last value, and stay', () => {
    const config = dqnConfig({ learningRate: 0.01, learningRateDecay: 0.2 });
    const factor = (updates: number, total: number | null) =>
      ratesOf(config, 0, total, updates).stepSize /
      ratesOf(dqnConfig({ learningRate: 0.01 }), 0, null, updates).stepSize;
    const factors = [0, 500, 1000, 3000].map((updates) => factor(updates, 1000));
    for (const [i, expected] of [1, 0.6, 0.2, 0.2].entries()) expect(factors[i]).toBeCloseTo(expected, 12);
    expect(factor(5000, null)).toBe(1);
  });

  it('mix the target softly, or copy every n-th update', () => {
    const mixes = (target: object, n: number) =>
      Array.from({ length: n }, (_, updates) => ratesOf(dqnConfig({ target }), 0, null, updates).targetMix);
    expect(mixes({ kind: 'soft', tau: 0.01 }, 2)).toEqual([0.01, 0.01]);
    expect(mixes({ kind: 'hard', every: 3 }, 7)).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  it('copy by chance with the configured probability, the same for a seed', () => {
    const config = dqnConfig({ target: { kind: 'stochastic', probability: 0.1 } });
    const draws = (seed: number) =>
      Array.from({ length: 10_000 }, (_, updates) => ratesOf(config, seed, null, updates).targetMix);
    const copies = draws(1);
    expect(draws(1)).toEqual(copies);
    expect(draws(2)).not.toEqual(copies);
    expect(new Set(copies)).toEqual(new Set([0, 1]));
    // 1000 expected, within 4 standard deviations of 30.
    const total = copies.reduce((sum, copy) => sum + copy, 0);
    expect(Math.abs(total - 1000)).toBeLessThan(120);
  });
});

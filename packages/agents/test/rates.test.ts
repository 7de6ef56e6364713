import { readFileSync } from 'node:fs';
import { adam } from '@qfleet/tensor';
import { describe, expect, it } from 'vitest';
import { learningRateOf, ratesOf } from '../src/value/rates.ts';
import { dqnConfig } from './dqn-config.ts';

describe('the rates of an update', () => {
  it('let the learning rate fall linearly to its last value, and stay', () => {
    const config = dqnConfig({ learningRate: 0.01, learningRateDecay: 0.2 });
    const rate = (updates: number, total: number | null) => learningRateOf(config, total, updates);
    const rates = [0, 500, 1000, 3000].map((updates) => rate(updates, 1000));
    for (const [i, expected] of [0.01, 0.006, 0.002, 0.002].entries())
      expect(rates[i]).toBeCloseTo(expected, 12);
    expect(rate(5000, null)).toBe(0.01);
  });

  it.each(['linear', 'cosine', 'linear, warm-up', 'cosine, warm-up'])(
    'let it change as PyTorch does: %s',
    (name) => {
      const { cases } = JSON.parse(
        readFileSync(new URL('./reference/schedules.json', import.meta.url), 'utf8'),
      ) as { cases: Record<string, number[]> };
      const config = dqnConfig({
        learningRate: 0.01,
        learningRateDecay: 0.2,
        learningRateSchedule: name.split(',')[0],
        learningRateWarmup: name.endsWith('warm-up') ? 20 : 0,
      });
      expect(cases[name].length).toBe(200);
      for (const [updates, rate] of cases[name].entries()) {
        expect(Math.abs(learningRateOf(config, 200, updates) / rate - 1)).toBeLessThan(1e-6);
      }
    },
  );

  it('mix the target softly, or copy every n-th update', () => {
    const mixes = (target: object, n: number) =>
      Array.from(
        { length: n },
        (_, updates) => ratesOf(dqnConfig({ target }), adam(), 0, null, updates).targetMix,
      );
    expect(mixes({ kind: 'soft', tau: 0.01 }, 2)).toEqual([0.01, 0.01]);
    expect(mixes({ kind: 'hard', every: 3 }, 7)).toEqual([0, 0, 1, 0, 0, 1, 0]);
  });

  it('copy by chance with the configured probability, the same for a seed', () => {
    const config = dqnConfig({ target: { kind: 'stochastic', probability: 0.1 } });
    const draws = (seed: number) =>
      Array.from({ length: 10_000 }, (_, updates) => ratesOf(config, adam(), seed, null, updates).targetMix);
    const copies = draws(1);
    expect(draws(1)).toEqual(copies);
    expect(draws(2)).not.toEqual(copies);
    expect(new Set(copies)).toEqual(new Set([0, 1]));
    // 1000 expected, within 4 standard deviations of 30.
    const total = copies.reduce((sum, copy) => sum + copy, 0);
    expect(Math.abs(total - 1000)).toBeLessThan(120);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mostRungs, rungsOf, survivors } from '../src/halving.ts';

describe('rungs', () => {
  it('are those of Hyperband’s first bracket for R = 81, η = 3 (Li et al., 2018, table 1)', () => {
    expect(mostRungs(81, 3)).toBe(5);
    expect(rungsOf(81, 3, 5, 81)).toEqual([
      { settings: 81, budget: 1 },
      { settings: 27, budget: 3 },
      { settings: 9, budget: 9 },
      { settings: 3, budget: 27 },
      { settings: 1, budget: 81 },
    ]);
  });

  it('end with the whole budget and a setting at least, each with more budget and fewer settings', () => {
    const sizes = fc.tuple(fc.integer({ min: 2, max: 1_000 }), fc.integer({ min: 2, max: 9 }));
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 1e6 }), ([settings, factor], more) => {
        fc.pre(settings >= factor);
        const count = mostRungs(settings, factor);
        const budget = factor ** (count - 1) + more;
        const rungs = rungsOf(settings, factor, count, budget);
        expect(rungs[0].settings).toBe(settings);
        expect(rungs.at(-1)!.budget).toBe(budget);
        expect(rungs.at(-1)!.settings).toBeGreaterThanOrEqual(1);
        expect(rungs.at(-1)!.settings).toBeLessThan(factor);
        for (const [i, rung] of rungs.slice(1).entries()) {
          expect(rung.budget).toBeGreaterThan(rungs[i].budget!);
          expect(rung.settings).toBe(Math.floor(rungs[i].settings / factor));
        }
      }),
    );
  });
});

describe('survivors', () => {
  it('are the best, the first of equals, and none without a score', () => {
    expect(survivors([1, 5, 3, 5, null, 5], 2)).toEqual([1, 3]);
    expect(survivors([null, -1, null], 2)).toEqual([1]);
    expect(survivors([], 3)).toEqual([]);
  });

  it('are never worse than who is left out', () => {
    const scores = fc.array(fc.option(fc.integer({ min: 0, max: 5 })), { maxLength: 20 });
    fc.assert(
      fc.property(scores, fc.nat(20), (all, count) => {
        const kept = survivors(all, count);
        expect(kept).toHaveLength(Math.min(count, all.filter((score) => score !== null).length));
        const worst = Math.min(...kept.map((place) => all[place]!));
        for (const [place, score] of all.entries()) {
          if (!kept.includes(place) && score !== null && kept.length > 0)
            expect(score).toBeLessThanOrEqual(worst);
        }
      }),
    );
  });
});

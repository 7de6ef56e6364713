import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax } from '../src/acting/allowed.ts';
import { createSelector, type SelectorConfig } from '../src/acting/create-selector.ts';

/** How often each action was chosen for a row of values. */
function countsOf(
  config: SelectorConfig,
  values: readonly number[],
  { epsilon = 0, mask = null as readonly number[] | null, draws = 1, seed = 1 },
): Float64Array {
  const width = values.length;
  const counts = new Float64Array(width);
  // Two rows: the other one must not matter.
  const q = Float32Array.from([...values.map((value) => 3 - value), ...values]);
  const acting = {
    count: 2,
    masks: mask && Uint8Array.from([...values.map(() => 1), ...mask]),
    epsilons: Float32Array.of(0.5, epsilon),
    random: new Random(seed),
    actions: new Int32Array(2),
  };
  const select = createSelector(config);
  for (let i = 0; i < draws; i++) {
    select(q, width, acting);
    counts[acting.actions[1]]++;
  }
  return counts;
}

/** π of the ε-mixture, from its definition. */
function exactly(values: readonly number[], temperature: number, epsilon: number, mask: readonly number[]) {
  const allowed = mask.reduce((sum, each) => sum + each, 0);
  const weights = values.map((value, a) => mask[a] * Math.exp(value / temperature));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight, a) => (1 - epsilon) * (weight / sum) + (epsilon * mask[a]) / allowed);
}

describe('the softmax selector', () => {
  const values = [1, -0.5, 0.25, 2, 1.5];
  it.each([
    ['without ε', 0.7, 0, [1, 1, 1, 1, 1]],
    ['with ε', 1.5, 0.3, [1, 1, 1, 1, 1]],
    ['masked', 0.7, 0, [1, 0, 1, 0, 1]],
    ['masked, with ε', 0.7, 0.4, [0, 1, 1, 0, 1]],
  ])('draws with the probabilities of its definition, %s', (_, temperature, epsilon, mask) => {
    const draws = 60_000;
    const counts = countsOf({ kind: 'softmax', temperature }, values, { epsilon, mask, draws });
    let chiSquare = 0;
    for (const [a, probability] of exactly(values, temperature, epsilon, mask).entries()) {
      if (mask[a] === 0) expect(counts[a]).toBe(0);
      else chiSquare += (counts[a] - draws * probability) ** 2 / (draws * probability);
    }
    // The 99.99 % point of χ² with 4 degrees of freedom.
    expect(chiSquare).toBeLessThan(23.51);
  });

  it('is greedy towards temperature 0, and uniform towards infinity', () => {
    const cold = { kind: 'softmax', temperature: 1e-300 } as const;
    expect([...countsOf(cold, values, { draws: 500 })]).toEqual([0, 0, 0, 500, 0]);
    expect([...countsOf(cold, values, { draws: 500, mask: [1, 1, 1, 0, 0] })]).toEqual([500, 0, 0, 0, 0]);
    // A tie is drawn from: 250 of 500 within 5 standard deviations of 11.
    const tie = countsOf(cold, [2, 0, 2], { draws: 500 });
    expect(tie[1]).toBe(0);
    expect(Math.abs(tie[0] - 250)).toBeLessThan(56);
    const hot = countsOf({ kind: 'softmax', temperature: 1e300 }, values, { draws: 10_000 });
    // 2000 of each within 5 standard deviations of 40.
    for (const count of hot) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });

  it('overflows for no values, and chooses what is allowed even where one is no number', () => {
    expect(
      [...countsOf({ kind: 'softmax', temperature: 1e-3 }, [3e38, 3e38, -3e38], { draws: 100 })][2],
    ).toBe(0);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const counts = countsOf({ kind: 'softmax', temperature: 1 }, [value, value, 1], {
        draws: 20,
        mask: [0, 1, 1],
      });
      expect([counts[0], counts[1] + counts[2]]).toEqual([0, 20]);
    }
  });
});

describe('argmax', () => {
  it('is the first of the largest that are allowed, wherever values and masks lie', () => {
    const cases = fc.array(fc.record({ value: fc.integer({ min: 0, max: 4 }), allowed: fc.boolean() }), {
      minLength: 1,
      maxLength: 9,
    });
    fc.assert(
      fc.property(cases, fc.nat(5), fc.nat(5), fc.nat(8), (row, start, from, sure) => {
        const width = row.length;
        const mask = row.map(({ allowed }, i) => Number(allowed || i === sure % width));
        const q = row.map(({ value }) => value);
        const padded = Float32Array.from([...new Array(start).fill(9), ...q, 9]);
        const masks = Uint8Array.from([...new Array(from).fill(1), ...mask, 1]);
        expect(argmax(padded, start, width)).toBe(q.indexOf(Math.max(...q)));
        const best = Math.max(...q.filter((_, i) => mask[i] === 1));
        const expected = q.findIndex((value, i) => value === best && mask[i] === 1);
        expect(argmax(padded, start, width, masks, from)).toBe(expected);
      }),
    );
  });
});

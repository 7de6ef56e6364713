import { runSchema } from '@qfleet/config';
import { describe, expect, it } from 'vitest';
import { epsilonOf } from '../src/index.ts';

const exploration = (given: object) => runSchema.shape.exploration.parse(given);

describe('epsilonOf', () => {
  it("is the Ape-X ladder, with the paper's figures", () => {
    const ladder = exploration({ kind: 'ladder', base: 0.4, alpha: 7 });
    // 0.4^(1 + 7·i/7) for i = 0 … 7
    const expected = [0.4, 0.16, 0.064, 0.0256, 0.01024, 0.004096, 0.0016384, 0.00065536];
    for (const [i, epsilon] of expected.entries())
      expect(epsilonOf(ladder, i, 8, 0)).toBeCloseTo(epsilon, 12);
    expect(epsilonOf(ladder, 3, 8, 1e6)).toBe(epsilonOf(ladder, 3, 8, 0));
    expect(epsilonOf(ladder, 0, 1, 0)).toBe(0.4);
  });

  it('falls linearly with the steps of the run, and then stays', () => {
    const schedule = exploration({ kind: 'schedule', from: 1, to: 0.1, steps: 1000 });
    expect([0, 250, 500, 1000, 5000].map((steps) => epsilonOf(schedule, 1, 4, steps))).toEqual([
      1, 0.775, 0.55, 0.1, 0.1,
    ]);
  });

  it('falls by the same part of itself with each step where it is exponential, and then stays', () => {
    const given = { kind: 'exponential', from: 1, to: 1e-4, steps: 1000 };
    for (const [steps, epsilon] of [
      [0, 1],
      [250, 0.1],
      [500, 0.01],
      [1000, 1e-4],
      [5000, 1e-4],
    ] as const) {
      expect(epsilonOf(exploration(given), 1, 4, steps)).toBeCloseTo(epsilon, 12);
    }
  });

  it('refuses a slot that the run does not have', () => {
    expect(() => epsilonOf(exploration({ kind: 'ladder' }), 4, 4, 0)).toThrow(/Slot 4 .* 4 \(0 to 3\)/);
  });
});

import { expect, test } from 'vitest';
import { learnerCases } from '../src/contest/cases.ts';
import { benchLearner } from '../src/learner/learner.ts';

test('the learner is measured, in processes of its own, beside the same step op by op', async () => {
  const [small] = learnerCases;
  const rows = await benchLearner(null, 15, [{ ...small, unrolled: [2] }]);
  expect(rows).toHaveLength(1);
  const [{ name, value, unit, reference, referenceValue, ratio }] = rows;
  expect(name).toBe('DQN update, MLP 4-128-128-2, batch 64, 2 a call');
  expect(unit).toBe('µs');
  expect(reference).toMatch(/^the same op by op, /);
  for (const figure of [value, referenceValue, ratio]) expect(figure).toBeGreaterThan(0);
});

import { expect, test } from 'vitest';
import { learnerCases } from '../src/contest/cases.ts';
import { benchInference } from '../src/inference/inference.ts';

test('a policy is measured, in processes of its own, beside each runtime that is here', async () => {
  const rows = await benchInference(null, 15, [{ name: 'MLP', learnerCase: learnerCases[0], sizes: [4] }]);
  expect(rows.map(({ name, unit }) => ({ name, unit }))).toEqual(
    rows.map(() => ({ name: 'policy, MLP, 4 rows', unit: 'µs' })),
  );
  expect(rows[0].reference).toBe('forward on tfjs WASM');
  for (const { value, referenceValue, ratio } of rows) {
    for (const figure of [value, referenceValue, ratio]) expect(figure).toBeGreaterThan(0);
  }
});

import { expect, test } from 'vitest';
import { benchRounds } from '../src/rounds/rounds.ts';

test('PQN is measured, in processes of its own, beside its rounds without learning', async () => {
  const [row, ...others] = await benchRounds(20, 1, ['CartPole-v1']);
  expect(others).toEqual([]);
  expect(row).toMatchObject({ name: 'PQN, CartPole-v1, learning included', unit: 'frames/s' });
  expect(row.value).toBeGreaterThan(0);
  expect(row.referenceValue).toBeGreaterThan(row.value);
});

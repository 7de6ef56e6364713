import { expect, test } from 'vitest';
import { benchEnvs } from '../src/envs/envs.ts';

test('the benchmark holds each number of slots against its peer, and as many rows of the kernel against the slots', () => {
  const rows = benchEnvs(5);
  expect(rows.map(({ name }) => name)).toEqual([
    'CartPole-v1, 1 slot',
    'CartPole-v1, 1 row of the kernel',
    'CartPole-v1, 64 slots',
    'CartPole-v1, 64 rows of the kernel',
    'CartPole-v1, 1024 slots',
    'CartPole-v1, 1024 rows of the kernel',
  ]);
  for (const { value, referenceValue, ratio } of rows) {
    expect(value).toBeGreaterThan(0);
    expect(ratio).toBe(referenceValue === null ? null : value / referenceValue);
  }
});

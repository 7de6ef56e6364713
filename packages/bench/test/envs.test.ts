import { expect, test } from 'vitest';
import { benchEnvs } from '../src/envs/envs.ts';

test('the benchmark steps each number of slots, and holds the figure against its peer', () => {
  const rows = benchEnvs(5);
  expect(rows.map(({ name }) => name)).toEqual([
    'CartPole-v1, 1 slot',
    'CartPole-v1, 64 slots',
    'CartPole-v1, 1024 slots',
  ]);
  for (const { value, referenceValue, ratio } of rows) {
    expect(value).toBeGreaterThan(0);
    expect(ratio).toBe(referenceValue === null ? null : value / referenceValue);
  }
});

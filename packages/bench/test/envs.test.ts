import { expect, test, vi } from 'vitest';
import { casesOf } from '../src/envs/cases.ts';
import { benchEnvs } from '../src/envs/envs.ts';

test('an environment is measured at each number of copies, its kernel beside the same copies without it', async () => {
  const rows = await benchEnvs(casesOf(['CartPole-v1']), false, { figure: 10, warmUp: 5 });
  expect(rows.map(({ name, reference }) => [name, reference])).toEqual([
    ['CartPole-v1, 1 copy', null],
    ['CartPole-v1, 64 copies', 'the same copies one after the other'],
    ['CartPole-v1, 1024 copies', null],
  ]);
  for (const { value, unit, referenceValue, ratio } of rows) {
    expect(unit).toBe('steps/s');
    expect(value).toBeGreaterThan(0);
    expect(ratio).toBe(referenceValue === null ? null : value / referenceValue);
  }
});

test('a peer that can’t be brought is told on stderr, and the rows have no reference', async () => {
  // No folder can be made there.
  vi.stubEnv('QFLEET_CACHE_DIR', import.meta.filename);
  const rows = await benchEnvs(casesOf(['LunarLander-v3']), true, { figure: 10, warmUp: 5 });
  vi.unstubAllEnvs();
  expect(rows.map(({ reference }) => reference)).toEqual([null, null, null]);
});

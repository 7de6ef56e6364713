import { expect, test } from 'vitest';
import { benchActor } from '../src/actor/actor.ts';

test('an actor is measured as a whole, and held against its parts', { timeout: 120_000 }, async () => {
  const rows = await benchActor(20, 1);
  const names = ['CartPole-v1, MLP 128-128', 'MinAtar/Breakout-v1, conv 16 → 128'].flatMap((name) =>
    ['', ', by the clock', ', environments alone', ', policy alone', ', push alone'].map(
      (part) => `${name}, 64 slots${part}`,
    ),
  );
  expect(rows.map(({ name }) => name)).toEqual(names);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
  for (const first of [0, 5]) {
    const [whole, , environments, policy, push] = rows.slice(first, first + 5);
    expect(whole.reference).toBe('its three parts apart, alternately');
    const parts = 1 / (1 / environments.value + 1 / policy.value + 1 / push.value);
    expect(whole.referenceValue).toBeCloseTo(parts);
    expect(whole.ratio).toBeCloseTo(whole.value / parts);
  }
});

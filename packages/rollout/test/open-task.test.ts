import { findEnvironment } from '@qfleet/envs';
import { box } from '@qfleet/spaces';
import { expect, test } from 'vitest';
import { layoutOf } from '../src/index.ts';

test('a layout has the upper bound of bytes that do not go to 255, and no other bound', () => {
  const cartpole = findEnvironment('CartPole-v1');
  const highOf = (high: number | number[], dtype: 'uint8' | 'float32') =>
    layoutOf({ ...cartpole, observationSpace: box({ low: 0, high, shape: [2], dtype }) }).high;
  expect(layoutOf(findEnvironment('MinAtar/Breakout-v1')).high).toBe(1);
  expect(highOf([1, 3], 'uint8')).toBe(3);
  expect(highOf([1, 255], 'uint8')).toBeUndefined();
  expect(highOf(1, 'float32')).toBeUndefined();
});

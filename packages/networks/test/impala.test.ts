import type { NetworkConfig } from '@qfleet/config';
import { elementsOf, type StateSpec } from '@qfleet/spaces';
import { loadTensor } from '@qfleet/tensor';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createNetwork, valuesHead } from '../src/index.ts';
import { adaptiveMaxPool } from '../src/layers/adaptive-max-pool.ts';
import { PLAIN } from './plain.ts';

const atari: StateSpec = { shape: [84, 84, 4], dtype: 'uint8', frames: 1, actions: 6 };
const config: NetworkConfig = {
  kind: 'impala',
  ...{ width: 1, spectralNorm: false, pool: null, hidden: [256], dueling: false },
  ...PLAIN,
};
const countOf = (given: NetworkConfig, spec = atari) =>
  createNetwork(given, spec, valuesHead).parameters.reduce((sum, { shape }) => sum + elementsOf(shape), 0);

describe('the residual network of IMPALA', () => {
  it('has 15 convolutions, and the parameters that they and the dense layers add up to', () => {
    const block = (inputs: number, filters: number) =>
      9 * inputs * filters + filters + 4 * (9 * filters + 1) * filters;
    const convolutions = (width: number) => {
      const [a, b] = [16 * width, 32 * width];
      return block(4, a) + block(a, b) + block(b, b);
    };
    const { parameters } = createNetwork(config, atari, valuesHead);
    expect(parameters.filter(({ shape }) => shape.length === 4).length).toBe(15);
    // 84 → 42 → 21 → 11.
    expect(countOf(config)).toBe(convolutions(1) + (11 * 11 * 32 + 1) * 256 + 257 * 6);
    // Beyond the Rainbow: twice as wide, pooled to 6 × 6; a vector for each of 12 convolutions.
    const wide = { ...config, width: 2, pool: 6, spectralNorm: true, hidden: [512] } as const;
    expect(countOf({ ...wide, hidden: [...wide.hidden] })).toBe(
      convolutions(2) + (6 * 6 * 64 + 1) * 512 + 513 * 6 + 4 * (32 + 64 + 64),
    );
  });

  it('refuses what is no image', () => {
    expect(() => countOf(config, { ...atari, shape: [4] })).toThrow(/kind is impala, which takes images/);
  });
});

describe('adaptive max-pooling', () => {
  it.each([
    [11, 6],
    [6, 6],
    [7, 3],
    [2, 6],
    [1, 4],
    [5, 1],
  ])('has the cells of PyTorch, from %i to %i, and one gradient for each', async (length, side) => {
    const { tf } = await loadTensor();
    tf.tidy(() => {
      // Many equal maxima.
      const at = (y: number, x: number) => (y * 7 + x * 3) % 5;
      const values = Array.from({ length: length * length }, (_, i) =>
        at(Math.floor(i / length), i % length),
      );
      const image = tf.tensor(values, [1, length, length, 1]) as Tensor4D;
      const expected: number[] = [];
      const gradient = new Array<number>(values.length).fill(0);
      const range = (i: number) => [Math.floor((i * length) / side), Math.ceil(((i + 1) * length) / side)];
      for (let i = 0; i < side; i++) {
        for (let j = 0; j < side; j++) {
          let best = { value: -1, place: -1 };
          for (let y = range(i)[0]; y < range(i)[1]; y++) {
            for (let x = range(j)[0]; x < range(j)[1]; x++) {
              if (at(y, x) > best.value) best = { value: at(y, x), place: y * length + x };
            }
          }
          expected.push(best.value);
          gradient[best.place]++;
        }
      }
      expect([...adaptiveMaxPool(tf, image, side).dataSync()]).toEqual(expected);
      const sum = (x: Tensor4D) => tf.sum(adaptiveMaxPool(tf, x, side));
      expect([
        ...tf
          .grad((x) => sum(x as Tensor4D))(image)
          .dataSync(),
      ]).toEqual(gradient);
    });
  });
});

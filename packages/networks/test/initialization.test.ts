import { Random } from '@qfleet/random';
import { describe, expect, it } from 'vitest';
import { initialParameters } from '../src/index.ts';

const drawn = (shape: number[], fanIn: number, initialization: 'he' | 'orthogonal', gain?: number) => {
  const spec = { name: 'x', shape, fanIn, uses: 1, initialization, ...(gain === undefined ? {} : { gain }) };
  return initialParameters([spec], new Random(1)).get('x')!.data;
};

describe('start values', () => {
  it.each([
    [[7, 4], 1],
    [[4, 7], 1],
    [[3, 3, 2, 8], undefined],
    [[1, 1, 2, 8], undefined],
  ])('orthogonal, %j: the vectors of the shorter side are', (shape, gain) => {
    const columns = shape[shape.length - 1];
    const rows = shape.reduce((product, n) => product * n, 1) / columns;
    const matrix = drawn(shape, rows, 'orthogonal', gain);
    const at = (vector: number, i: number) =>
      rows >= columns ? matrix[i * columns + vector] : matrix[vector * columns + i];
    const [count, length] = rows >= columns ? [columns, rows] : [rows, columns];
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
        expect(dot).toBeCloseTo(a === b ? (gain ?? Math.SQRT2) ** 2 : 0, 5);
      }
    }
  });

  it('orthogonal: every direction is as likely as its opposite', () => {
    // A QR decomposition without a correction of signs would favour one.
    const random = new Random(3);
    const spec = {
      name: 'x',
      shape: [3, 3],
      fanIn: 3,
      uses: 1,
      gain: 1,
      initialization: 'orthogonal',
    } as const;
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 4000; i++) {
      const [first] = initialParameters([spec], random).get('x')!.data;
      sum += first;
      squares += first * first;
    }
    // An element has mean 0 and variance 1/3: within 4 deviations of the mean of 4000 draws.
    expect(Math.abs(sum / 4000)).toBeLessThan(4 * Math.sqrt(1 / 3 / 4000));
    expect(squares / 4000).toBeCloseTo(1 / 3, 1.5);
  });

  it('he: normal with variance 2/fanIn before relu', () => {
    const data = drawn([200, 200], 200, 'he');
    const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
    const moment = (n: number) => data.reduce((sum, x) => sum + x ** n, 0) / data.length;
    // 40,000 draws: within 4 deviations, which are 5e-4 of the mean and 0.7 % of the variance.
    expect(Math.abs(mean)).toBeLessThan(4 * Math.sqrt(0.01 / 40_000));
    expect(Math.abs(moment(2) / 0.01 - 1)).toBeLessThan(4 * Math.sqrt(2 / 40_000));
    // A normal variable's kurtosis is 3, a uniform one's 1.8.
    expect(moment(4) / moment(2) ** 2).toBeCloseTo(3, 0);
  });

  it('he and orthogonal: biases 0', () => {
    for (const each of ['he', 'orthogonal'] as const) expect([...drawn([3], 5, each)]).toEqual([0, 0, 0]);
  });
});

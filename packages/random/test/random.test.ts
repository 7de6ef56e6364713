import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../src/index.ts';

describe('Random', () => {
  it('is xoshiro128++', () => {
    // The authors' C code from the state 1, 2, 3, 4, as the test vectors of Rust's rand_xoshiro have it.
    const random = Random.from([1, 2, 3, 4]);
    expect(Array.from({ length: 10 }, () => random.next())).toEqual([
      641, 1573767, 3222811527, 3517856514, 836907274, 4247214768, 3867114732, 1355841295, 495546011,
      621204420,
    ]);
  });

  it('continues exactly from a saved state', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(50), (seed, skip) => {
        const random = new Random(seed);
        for (let i = 0; i < skip; i++) random.next();
        const copy = Random.from(random.state);
        for (let i = 0; i < 10; i++) if (copy.uniform() !== random.uniform()) return false;
        return true;
      }),
    );
  });

  it('draws integers uniformly (χ² at p = 0.001)', () => {
    const random = new Random(7);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[random.integer(10)]++;
    const chi2 = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi2).toBeLessThan(27.88);
  });

  it('draws normals of mean 0 and variance 1', () => {
    const random = new Random(11);
    const draws = Array.from({ length: 100_000 }, () => random.normal());
    const mean = draws.reduce((a, b) => a + b) / draws.length;
    const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  });

  it('gives unrelated streams to labels of one seed', () => {
    expect(Random.seed(1, 'slot 0')).not.toBe(Random.seed(1, 'slot 1'));
    expect(Random.seed(1, 'slot 0')).not.toBe(Random.seed(2, 'slot 0'));
  });
});

import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReplayStanding, SampleToInsertLimiter } from '../src/index.ts';

const standing = (insertedTotal: number, sampledTotal: number): ReplayStanding => ({
  generation: 'g',
  oldest: 1,
  newest: 1,
  transitions: insertedTotal,
  bytes: 0,
  evictedTotal: 0,
  insertedTotal,
  sampledTotal,
});

describe('SampleToInsertLimiter', () => {
  const limiter = new SampleToInsertLimiter({ minSize: 100, samplesPerInsert: 8, errorBuffer: 64 });

  it('lets nothing be sampled before the minimum size, and inserts go on until then', () => {
    expect(limiter.mayInsert(standing(0, 0))).toBe(true);
    expect(limiter.mayInsert(standing(99, 0))).toBe(true);
    expect(limiter.maySample(standing(99, 0), 1)).toBe(false);
    expect(limiter.insertsBeforeSample(standing(60, 0), 1)).toBe(40);
    expect(limiter.maySample(standing(100, 0), 32)).toBe(true);
  });

  it('holds writers at the upper bound and the sampler at the lower', () => {
    // 8 × 100 ± 64: 108 inserts are in bounds, 109 are 8 samples too many.
    expect(limiter.mayInsert(standing(108, 0))).toBe(true);
    expect(limiter.samplesBeforeInsert(standing(109, 0))).toBe(8);
    expect(limiter.maySample(standing(100, 0), 64)).toBe(true);
    expect(limiter.maySample(standing(100, 0), 65)).toBe(false);
    expect(limiter.insertsBeforeSample(standing(100, 64), 32)).toBe(4);
    expect(limiter.maySample(standing(104, 64), 32)).toBe(true);
  });

  it('says exactly how long to wait', () => {
    const count = fc.integer({ min: 0, max: 1e6 });
    fc.assert(
      fc.property(count, count, fc.integer({ min: 1, max: 512 }), (inserted, sampled, batch) => {
        const waitInsert = limiter.samplesBeforeInsert(standing(inserted, sampled));
        expect(limiter.mayInsert(standing(inserted, sampled + waitInsert))).toBe(true);
        if (waitInsert > 0)
          expect(limiter.mayInsert(standing(inserted, sampled + waitInsert - 1))).toBe(false);
        const waitSample = limiter.insertsBeforeSample(standing(inserted, sampled), batch);
        expect(limiter.maySample(standing(inserted + waitSample, sampled), batch)).toBe(true);
        if (waitSample > 0)
          expect(limiter.maySample(standing(inserted + waitSample - 1, sampled), batch)).toBe(false);
      }),
    );
  });

  it.each([0.1, 0.5, 0.9])(
    'keeps the ratio and never stops both sides (writer tried %f of the time)',
    (share) => {
      const random = new Random(3);
      let inserted = 0;
      let sampled = 0;
      for (let i = 0; i < 50_000; i++) {
        const mayInsert = limiter.mayInsert(standing(inserted, sampled));
        const maySample = limiter.maySample(standing(inserted, sampled), 32);
        expect(mayInsert || maySample).toBe(true);
        if (random.uniform() < share ? mayInsert : !maySample) inserted += 4;
        else if (maySample) sampled += 32;
      }
      expect(sampled / (inserted - 100)).toBeCloseTo(8, 1);
    },
  );

  it('refuses settings that make no sense', () => {
    const options = { minSize: 1, samplesPerInsert: 1, errorBuffer: 1 };
    expect(() => new SampleToInsertLimiter({ ...options, minSize: 0 })).toThrow(RangeError);
    expect(() => new SampleToInsertLimiter({ ...options, samplesPerInsert: Number.NaN })).toThrow(RangeError);
    expect(() => new SampleToInsertLimiter({ ...options, errorBuffer: -1 })).toThrow(RangeError);
  });
});

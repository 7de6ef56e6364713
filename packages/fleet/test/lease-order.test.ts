import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaseOrder } from '../src/run/lease-order.ts';

describe('leaseOrder', () => {
  const sizes = { slots: fc.integer({ min: 1, max: 600 }), perLease: fc.integer({ min: 1, max: 70 }) };

  it('gives every slot once, in groups of almost the same size, none too large', () => {
    fc.assert(
      fc.property(sizes.slots, sizes.perLease, (slots, perLease) => {
        const leases = leaseOrder(slots, perLease);
        expect(leases).toHaveLength(Math.ceil(slots / perLease));
        expect(leases.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: slots }, (_, i) => i));
        const lengths = leases.map((lease) => lease.length);
        expect(Math.max(...lengths)).toBeLessThanOrEqual(perLease);
        expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('keeps the spread of the ladder whole in every prefix', () => {
    fc.assert(
      fc.property(sizes.slots, sizes.perLease, (slots, perLease) => {
        const leases = leaseOrder(slots, perLease);
        for (let taken = 1; taken <= leases.length; taken++) {
          // The star discrepancy of n van der Corput points is at most log₂(n + 1)/n (Niederreiter, 1992): so far
          // may the share of slots below any rung be from even. The 2/taken are for the grid of whole slots.
          const members = leases.slice(0, taken).flat();
          const bound = (Math.log2(taken + 1) + 2) / taken;
          for (let rung = 0; rung <= slots; rung++) {
            const share = members.filter((slot) => slot < rung).length / members.length;
            if (Math.abs(share - rung / slots) > bound) {
              expect.fail(`${slots}/${perLease}: ${share} of the first ${taken} leases lie below ${rung}`);
            }
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('reads, for 16 slots in pairs', () => {
    expect(leaseOrder(16, 2)).toEqual([
      [0, 8],
      [4, 12],
      [2, 10],
      [6, 14],
      [1, 9],
      [5, 13],
      [3, 11],
      [7, 15],
    ]);
  });

  it('refuses sizes that are not positive integers', () => {
    expect(() => leaseOrder(0, 2)).toThrow(/slots must be a positive integer, not 0/);
    expect(() => leaseOrder(4, 1.5)).toThrow(/slotsPerLease must be a positive integer, not 1.5/);
  });
});

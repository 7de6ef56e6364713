import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Swimmers } from '../src/native/minatar/swimmers.ts';

/** Python's `list.remove`: the first that is equal goes. */
function remove(list: number[][], row: readonly number[]): void {
  const first = list.findIndex((other) => other.every((value, i) => value === row[i]));
  list.splice(first, 1);
}

test('swimmers come, move and go as in a list of Python', () => {
  const small = fc.integer({ min: 0, max: 2 });
  const command = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('add'), x: small, y: small }) },
    fc.record({ kind: fc.constant('removeAt'), x: small, y: small }),
    fc.record({ kind: fc.constant('removeEqual'), x: fc.nat(), y: small }),
    fc.record({ kind: fc.constant('move'), x: fc.nat(), y: small }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200, size: 'max' }), (commands) => {
      // Elsewhere than at the beginning, with something before and after it.
      const swimmers = new Swimmers(2, 4, 200);
      const s = new Int32Array(3 + swimmers.end + 1).fill(7);
      swimmers.clear(s, 3);
      const list: number[][] = [];
      for (const { kind, x, y } of commands) {
        const index = x % Math.max(list.length, 1);
        if (kind === 'add') {
          swimmers.set(s, 3, swimmers.add(s, 3, x, y, 1), 3, y);
          list.push([x, y, 1, y]);
        } else if (kind === 'removeAt') {
          const found = list.find((row) => row[0] === x && row[1] === y);
          expect(swimmers.removeAt(s, 3, x, y)).toBe(found !== undefined);
          if (found !== undefined) remove(list, found);
        } else if (list.length > 0 && kind === 'removeEqual') {
          const row = list[index];
          remove(list, row);
          expect(swimmers.removeEqual(s, 3, index)).toBe(list.indexOf(row));
        } else if (list.length > 0) {
          list[index][0]++;
          expect(swimmers.move(s, 3, index)).toBe(list[index][0]);
        }
        const ours = Array.from({ length: swimmers.count(s, 3) }, (_, i) =>
          [0, 1, 2, 3].map((field) => swimmers.get(s, 3, i, field)),
        );
        expect(ours).toEqual(list);
        expect([...s.subarray(0, 5), s[s.length - 1]]).toEqual(new Array(6).fill(7));
      }
    }),
    { numRuns: 30 },
  );
});

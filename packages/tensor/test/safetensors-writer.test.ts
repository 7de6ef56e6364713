import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SafetensorsFile, type WrittenTensor, writeSafetensors } from '../src/index.ts';

let path: string;
beforeAll(() => {
  path = join(mkdtempSync(join(tmpdir(), 'qfleet-writer-')), 'model.safetensors');
});
afterAll(() => rmSync(join(path, '..'), { recursive: true, force: true }));

/** The numbers of a file by name. */
function read(): Map<string, number[]> {
  const file = new SafetensorsFile(path);
  const tensors = new Map(file.entries.map((entry) => [entry.name, [...file.read(entry)]]));
  file.close();
  return tensors;
}

const tensor = (dtype: WrittenTensor['dtype'], ...values: number[]): WrittenTensor => ({
  ...{ name: dtype, dtype, shape: [values.length], data: Float32Array.from(values) },
});

describe('writeSafetensors', () => {
  it('writes what is read again, of any dtype that holds it', () => {
    // Values of 8 significant bits that float16 can hold, too.
    const value = fc.tuple(fc.integer({ min: -255, max: 255 }), fc.integer({ min: -14, max: 7 }));
    const tensors = fc.uniqueArray(
      fc.record({
        name: fc.string({ unit: 'binary', maxLength: 8 }).filter((name) => name !== '__metadata__'),
        dtype: fc.constantFrom('F32', 'F16', 'BF16'),
        values: fc.array(value.map(([bits, power]) => bits * 2 ** power)),
      }),
      { selector: ({ name }) => name, maxLength: 5 },
    );
    fc.assert(
      fc.property(tensors, (given) => {
        writeSafetensors(
          path,
          given.map(({ name, dtype, values }) => ({ ...tensor(dtype as 'F32', ...values), name })),
        );
        const expected = new Map(given.map(({ name, values }) => [name, values.map((each) => each + 0)]));
        expect(read()).toEqual(expected);
      }),
      { numRuns: 50 },
    );
    expect(existsSync(`${path}.part`)).toBe(false);
  });

  it('rounds to the nearest, to an even one where two are as near', () => {
    const [one, half, ninth] = [1, 1 / 256, 1 / 512];
    writeSafetensors(path, [
      tensor(
        'BF16',
        one + half,
        one + 3 * half,
        one + half + ninth,
        -(one + half),
        Number.NaN,
        Number.POSITIVE_INFINITY,
      ),
      tensor('F16', 1 + 2 ** -11, 1 + 3 * 2 ** -11),
    ]);
    expect(read()).toEqual(
      new Map([
        ['BF16', [1, 1 + 4 * half, 1 + 2 * half, -1, Number.NaN, Number.POSITIVE_INFINITY]],
        ['F16', [1, 1 + 2 ** -9]],
      ]),
    );
  });

  it('refuses data that does not fit its shape, and names that are taken', () => {
    const one = tensor('F32', 1);
    expect(() => writeSafetensors(path, [{ ...one, shape: [2] }])).toThrow(
      "tensor 'F32' has 1 values, its shape [2] takes 2",
    );
    expect(() => writeSafetensors(path, [one, one])).toThrow("a tensor can't be named 'F32'");
    expect(() => writeSafetensors(path, [{ ...one, name: '__metadata__' }])).toThrow('the name is taken');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { duplicateKey } from '../src/formats/json-keys.ts';
import { SafetensorsFile } from '../src/index.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qfleet-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A file with the given header, as JSON or as an object, and data. */
function fileOf(header: string | object, data: Uint8Array, length?: bigint): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, bytes);
  return path;
}

const entry = (dtype: string, shape: number[], from: number, to: number) => ({
  ...{ dtype, shape, data_offsets: [from, to] },
});

function readAll(path: string): Map<string, number[]> {
  const file = new SafetensorsFile(path);
  try {
    return new Map(file.entries.map((each) => [each.name, [...file.read(each)]]));
  } finally {
    file.close();
  }
}

const bytesOf = (array: Float32Array | Uint16Array) => new Uint8Array(array.buffer);

describe('a safetensors file', () => {
  it('gives every float16 number as it is', () => {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const path = fileOf({ a: entry('F16', [256, 256], 0, 131_072) }, bytesOf(bits));
    const expected = new DataView(bits.buffer);
    const values = readAll(path).get('a')!;
    expect(values.every((value, i) => Object.is(value, expected.getFloat16(i * 2, true)))).toBe(true);
  });

  it('gives every bfloat16 number as the float32 with these upper bits', () => {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const path = fileOf({ a: entry('BF16', [65_536], 0, 131_072) }, bytesOf(bits));
    const word = new DataView(new ArrayBuffer(4));
    readAll(path)
      .get('a')!
      .forEach((value, i) => {
        word.setUint16(2, i, true);
        if (!Object.is(value, word.getFloat32(0, true))) throw new Error(`bits ${i} are ${value}`);
      });
  });

  it('reads tensors in any order of the header, and tells of those whose dtype it does not read', () => {
    const data = new Uint8Array(16);
    data.set(bytesOf(Float32Array.of(1.5, -2)), 8);
    const path = fileOf(
      { __metadata__: { format: 'pt' }, b: entry('F32', [1, 2], 8, 16), a: entry('I64', [], 0, 8) },
      data,
    );
    const file = new SafetensorsFile(path);
    expect(file.metadata).toEqual({ format: 'pt' });
    expect(file.entries.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['a', 'I64', []],
      ['b', 'F32', [1, 2]],
    ]);
    expect([...file.read(file.entries[1])]).toEqual([1.5, -2]);
    expect(() => file.read(file.entries[0])).toThrow("tensor 'a' has dtype I64: F32, F16, BF16 are read");
    file.close();
  });

  it.each([
    ['a length beyond the file', '{}', 0, 100n, 'cut short: its header takes 100 bytes and 2 are there'],
    ['a huge length', '{}', 0, 1n << 63n, 'foreign: its header would take'],
    ['no JSON', '{"a"', 0, undefined, 'foreign: its header is no JSON'],
    ['no object', '[]', 0, undefined, 'foreign: its header is no JSON object'],
    [
      'no UTF-8',
      Buffer.from([0x22, 0xff, 0x22]).toString('latin1'),
      0,
      undefined,
      'foreign: its header is no JSON',
    ],
    ['a name twice', '{"a":{},"\\u0061":{}}', 0, undefined, "foreign: its header has 'a' twice"],
    ['a key twice', '{"a":{"dtype":"F32","dtype":"F16"}}', 0, undefined, "its header has 'dtype' twice"],
    [
      'offsets beyond the file',
      { a: entry('F32', [2], 0, 8) },
      4,
      undefined,
      'cut short: its tensors take 8 bytes and 4',
    ],
    [
      'bytes that no tensor has',
      { a: entry('F32', [1], 0, 4) },
      8,
      undefined,
      'foreign: 4 bytes follow its tensors',
    ],
    [
      'a hole',
      { a: entry('F32', [1], 0, 4), b: entry('F32', [1], 8, 12) },
      12,
      undefined,
      "flipped: tensor 'b' starts at",
    ],
    [
      'an overlap',
      { a: entry('F32', [2], 0, 8), b: entry('F32', [1], 4, 8) },
      8,
      undefined,
      "flipped: tensor 'b' starts at",
    ],
    [
      'offsets that fall',
      { a: entry('F32', [1], 4, 0) },
      4,
      undefined,
      "flipped: tensor 'a' of shape [1] lies in -4 bytes",
    ],
    [
      'negative offsets',
      { a: entry('F32', [1], -4, 0) },
      0,
      undefined,
      "foreign: tensor 'a' has no valid data_offsets",
    ],
    [
      'a shape that overflows',
      { a: entry('F32', [2 ** 40, 2 ** 40], 0, 8) },
      8,
      undefined,
      "flipped: tensor 'a' of shape",
    ],
    [
      'a fractional shape',
      { a: entry('F32', [0.5], 0, 2) },
      2,
      undefined,
      "foreign: tensor 'a' has no valid shape",
    ],
    [
      'an unknown dtype',
      { a: entry('toString', [1], 0, 4) },
      4,
      undefined,
      "tensor 'a' has dtype toString, which is not known",
    ],
    [
      'metadata that is no record',
      { __metadata__: { a: 1 } },
      0,
      undefined,
      'foreign: its __metadata__ is no record of strings',
    ],
  ])('refuses %s', (_, header, data, length, message) => {
    expect(
      () => new SafetensorsFile(fileOf(header as string, new Uint8Array(data as number), length)),
    ).toThrow(message);
  });

  it('refuses an empty file and what is no file', () => {
    writeFileSync(join(folder, 'empty'), '');
    expect(() => new SafetensorsFile(join(folder, 'empty'))).toThrow('cut short: it has 0 bytes');
    expect(() => new SafetensorsFile(folder)).toThrow('foreign: it is no regular file');
  });
});

describe('duplicateKey', () => {
  it('finds none in what JSON.stringify wrote, and the one that is written twice', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 2 }), fc.string({ unit: 'binary' }), (value, key) => {
        expect(duplicateKey(JSON.stringify(value, null, 1))).toBeNull();
        const [name, inner] = [JSON.stringify(key), JSON.stringify(value)];
        expect(duplicateKey(`[{${name}: ${inner}, "${key.length}x": 0, ${name}: 1}]`)).toBe(key);
      }),
      { numRuns: 50 },
    );
  });
});

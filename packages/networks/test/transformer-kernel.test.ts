import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sharedMemory } from '../src/inference/language/block-pool.ts';
import { BLOCK_TOKENS, transformerKernel } from '../src/inference/transformer/kernel.ts';

const memory = sharedMemory({ bytes: 4 << 20 });
const numbers = new Float32Array(memory.buffer);
const kernel = transformerKernel(memory);

/** The first bytes of areas of 256 KiB. */
const area = (index: number): number => index << 18;
const [X, Y, KERNEL, BIAS, SCORES, BLOCKS] = [0, 1, 2, 6, 7, 8].map(area);

const padded = (size: number): number => Math.ceil(size / 4) * 4;

/** Writes numbers at an address, and zeros up to a multiple of 4. */
function put(address: number, values: readonly number[]): void {
  numbers.fill(0, address / 4, address / 4 + padded(values.length));
  numbers.set(values, address / 4);
}

/** The place of a row among packed ones. */
const packedRow = (address: number, size: number, row: number): number =>
  address / 4 + (row >> 2) * padded(size) * 4 + (row & 3);

const readPacked = (address: number, size: number, row: number): number[] =>
  Array.from({ length: size }, (_, i) => numbers[packedRow(address, size, row) + i * 4]);

const draw = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => Math.fround(random.normal()));

function expectClose(found: readonly number[], expected: readonly number[], bound: number): void {
  expect(found).toHaveLength(expected.length);
  for (const [i, each] of expected.entries())
    expect(Math.abs(found[i] - each)).toBeLessThan(bound * (1 + Math.abs(each)));
}

describe('the kernel of transformers', () => {
  it('multiplies any rows by a kernel in panels, and adds where it is to, row by row the same', () => {
    const cases = fc.record({
      rows: fc.integer({ min: 1, max: 11 }),
      inputs: fc.integer({ min: 1, max: 30 }),
      panels: fc.integer({ min: 1, max: 3 }),
      adds: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ rows, inputs, panels, adds, seed }) => {
        const random = new Random(seed);
        const outputs = panels * 16;
        const [x, w, b, y] = [rows * inputs, inputs * outputs, outputs, rows * outputs].map((count) =>
          draw(random, count),
        );
        numbers.fill(0, X / 4, X / 4 + 12 * padded(inputs));
        numbers.fill(0, KERNEL / 4, KERNEL / 4 + padded(inputs) * outputs);
        for (let row = 0; row < rows; row++)
          for (let i = 0; i < inputs; i++) numbers[packedRow(X, inputs, row) + i * 4] = x[row * inputs + i];
        for (let o = 0; o < outputs; o++) {
          const column = KERNEL / 4 + (o >> 4) * padded(inputs) * 16 + (o & 15);
          for (let i = 0; i < inputs; i++) numbers[column + i * 16] = w[i * outputs + o];
        }
        put(BIAS, b);
        put(Y, y);
        kernel.multiply(rows, padded(inputs), X, KERNEL, BIAS, Y, outputs * 4, panels, Number(adds));
        const found = [...numbers.subarray(Y / 4, Y / 4 + rows * outputs)];
        const expected = found.map((_, at) => {
          const [row, o] = [Math.floor(at / outputs), at % outputs];
          let sum = b[o] + (adds ? y[at] : 0);
          for (let i = 0; i < inputs; i++) sum += x[row * inputs + i] * w[i * outputs + o];
          return sum;
        });
        expectClose(found, expected, 1e-4);
        // The last row by itself.
        const last = rows - 1;
        put(Y, y.slice(last * outputs));
        const alone = readPacked(X, inputs, last);
        numbers.fill(0, X / 4, X / 4 + 4 * padded(inputs));
        for (const [i, value] of alone.entries()) numbers[X / 4 + i * 4] = value;
        kernel.multiply(1, padded(inputs), X, KERNEL, BIAS, Y, outputs * 4, panels, Number(adds));
        expect([...numbers.subarray(Y / 4, Y / 4 + outputs)]).toEqual(found.slice(last * outputs));
      }),
      { numRuns: 60 },
    );
  });

  it('normalizes rows of any size, and packs them', () => {
    const cases = fc.record({
      size: fc.integer({ min: 1, max: 40 }),
      row: fc.nat({ max: 6 }),
      centred: fc.boolean(),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ size, row, centred, seed }) => {
        const random = new Random(seed);
        const [x, gain, bias] = [size, size, size].map((count) => draw(random, count));
        put(X, x);
        put(KERNEL, gain);
        put(BIAS, bias);
        const epsilon = 1e-3;
        kernel.normalize(X, packedRow(Y, size, row) * 4, size, KERNEL, BIAS, epsilon, Number(centred));
        const mean = centred ? x.reduce((sum, each) => sum + each, 0) / size : 0;
        const variance = x.reduce((sum, each) => sum + (each - mean) ** 2, 0) / size;
        const expected = x.map(
          (each, i) => (gain[i] * (each - mean)) / Math.sqrt(variance + epsilon) + bias[i],
        );
        expectClose(readPacked(Y, size, row), expected, 1e-5);
      }),
      { numRuns: 60 },
    );
  });

  it('rotates pairs of each head, and leaves the rest', () => {
    const random = new Random(0);
    for (const [size, half] of [
      [8, 4],
      [12, 5],
      [20, 8],
      [4, 1],
    ]) {
      const [x, angles] = [draw(random, 3 * size), draw(random, half)];
      put(X, x);
      put(KERNEL, angles.map(Math.cos));
      put(BIAS, angles.map(Math.sin));
      kernel.rotate(X, 3, size * 4, half * 4, KERNEL, BIAS);
      const expected = x.map((each, at) => {
        const [head, i] = [at - (at % size), at % size];
        if (i >= 2 * half) return each;
        const [a, b] = [x[head + (i % half)], x[head + (i % half) + half]];
        const [cosine, sine] = [Math.cos(angles[i % half]), Math.sin(angles[i % half])];
        return i < half ? a * cosine - b * sine : b * cosine + a * sine;
      });
      expectClose([...numbers.subarray(X / 4, X / 4 + 3 * size)], expected, 1e-6);
    }
  });

  it('knows the activations, for small and for very large numbers', () => {
    const x = [
      0, -0, 1e-6, -1e-3, 0.5, -0.5, 1, -1, 2, -2.5, 3, -4, 6, -8, 20, -20, 60, -60, 150, -150, 1e4, -1e4,
    ];
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const gelu = (z: number) => (z * (1 + erf(z / Math.SQRT2))) / 2;
    const expected = [
      (z: number) => Math.max(0, z),
      gelu,
      (z: number) => (z * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)))) / 2,
      (z: number) => z * sigmoid(1.702 * z),
      (z: number) => z * sigmoid(z),
    ];
    for (const [kind, define] of expected.entries()) {
      const size = padded(x.length);
      put(X, x);
      kernel.activate(kind, X, Y, size * 4, 0);
      expectClose(readPacked(Y, x.length, 0), x.map(define), 1e-6);
      put(
        X + size * 4,
        x.map((_, i) => i - 9),
      );
      kernel.activate(kind, X, Y + 12, size * 4, size * 4);
      expectClose(
        readPacked(Y, x.length, 3),
        x.map((each, i) => define(each) * (i - 9)),
        1e-6,
      );
    }
  });

  it('attends to what blocks hold, of any heads and tokens', () => {
    const cases = fc.record({
      keyValueHeads: fc.integer({ min: 1, max: 3 }),
      size: fc.integer({ min: 1, max: 20 }).map((vectors) => 4 * vectors),
      tokens: fc.integer({ min: 1, max: 3 * BLOCK_TOKENS }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ keyValueHeads, size, tokens, seed }) => {
        const random = new Random(seed);
        const [bytes, stride] = [size * 4, size * 4 * BLOCK_TOKENS];
        const block = 2 * keyValueHeads * stride;
        const addresses = [2, 0, 1].map((place) => BLOCKS + place * block);
        new Int32Array(memory.buffer, KERNEL, 3).set(addresses);
        const rows = { keys: [] as number[][], values: [] as number[][] };
        for (let token = 0; token < tokens; token++) {
          const [start, at] = [addresses[Math.floor(token / BLOCK_TOKENS)], token % BLOCK_TOKENS];
          for (const kind of ['keys', 'values'] as const) rows[kind].push(draw(random, keyValueHeads * size));
          put(X, rows.keys[token]);
          kernel.keep_keys(X, keyValueHeads, bytes, start + (at >> 2) * bytes * 4 + (at & 3) * 16);
          put(X, rows.values[token]);
          kernel.keep_values(X, keyValueHeads, bytes, start + keyValueHeads * stride, at);
        }
        for (let head = 0; head < keyValueHeads; head++) {
          const query = draw(random, size);
          put(X, query);
          const [keys, values] = [head * stride, (keyValueHeads + head) * stride];
          kernel.attend(X, KERNEL, Y, SCORES, keys, values, bytes, tokens, 0.3);
          const part = (row: number[]) => row.slice(head * size, (head + 1) * size);
          const weights = rows.keys.map((row) =>
            Math.exp(0.3 * part(row).reduce((sum, key, i) => sum + key * query[i], 0)),
          );
          const total = weights.reduce((a, b) => a + b);
          const expected = query.map((_, i) =>
            rows.values.reduce((sum, row, token) => sum + (weights[token] / total) * part(row)[i], 0),
          );
          expectClose(readPacked(Y, size, 0), expected, 1e-5);
        }
      }),
      { numRuns: 40 },
    );
  });
});

/** erf by its Taylor series, or ±1 where that is as near. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let [sum, term] = [0, x];
  for (let n = 0; n < 120; n++) {
    sum += term / (2 * n + 1);
    term *= -(x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

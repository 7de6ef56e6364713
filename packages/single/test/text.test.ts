import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readText } from '../src/text/text-file.ts';
import { allWindows, randomWindows } from '../src/text/windows.ts';

const size = fc.record({ rows: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 1, max: 9 }) });

describe('windows of a text', () => {
  it('in their order predict each token but the first once, from the one before', () => {
    fc.assert(
      fc.property(size, fc.integer({ min: 2, max: 100 }), (batchSize, count) => {
        const tokens = Int32Array.from({ length: count }, (_, i) => i + 1);
        const predicted: number[] = [];
        for (const { rows, tokens: batch, mask } of allWindows(tokens, batchSize)) {
          const whole = batchSize.length + 1;
          expect([rows, batch.length]).toEqual([batchSize.rows, batchSize.rows * whole]);
          for (let i = 1; i < batch.length; i++) {
            if (i % whole === 0 || mask![i] === 0) continue;
            expect(batch[i - 1]).toBe(batch[i] - 1);
            predicted.push(batch[i]);
          }
        }
        expect(predicted).toEqual([...tokens.subarray(1)]);
      }),
    );
  });

  it('at random places are windows of the text, the same for the same seed and update', () => {
    fc.assert(
      fc.property(size, fc.nat(20), fc.nat(5), fc.nat(5), (batchSize, more, seed, updates) => {
        const count = batchSize.length + 1 + more;
        const tokens = Int32Array.from({ length: count }, (_, i) => i);
        const { tokens: batch } = randomWindows(tokens, batchSize, seed, updates);
        for (let row = 0; row < batchSize.rows; row++) {
          const [start, ...rest] = batch
            .subarray(row * (batchSize.length + 1))
            .subarray(0, batchSize.length + 1);
          expect(rest).toEqual(rest.map((_, i) => start + i + 1));
          expect(start + batchSize.length).toBeLessThan(count);
        }
        expect(randomWindows(tokens, batchSize, seed, updates).tokens).toEqual(batch);
      }),
    );
  });
});

describe('readText', () => {
  const fileOf = (bytes: string | Uint8Array): string => {
    const directory = mkdtempSync(join(tmpdir(), 'qfleet-text-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'text.txt');
    writeFileSync(path, bytes);
    return path;
  };

  it('holds out the last tenth, and cuts no character', () => {
    expect(readText(fileOf('abcdefghij'))).toMatchObject({ training: 'abcdefghi', heldOut: 'j' });
    expect(readText(fileOf('😀'.repeat(5)))).toMatchObject({
      training: '😀'.repeat(4),
      heldOut: '😀',
    });
  });

  it.each([
    ['an empty file', '', /has no text/],
    ['blanks', ' \n', /has no text/],
    ['what is not UTF-8', Uint8Array.of(0x61, 0xff, 0x62), /is not UTF-8/],
  ])('refuses %s', (_, bytes, says) => {
    expect(() => readText(fileOf(bytes))).toThrow(says);
  });

  it('refuses what is not there, and what is no file', () => {
    expect(() => readText(join(tmpdir(), 'qfleet-none.txt'))).toThrow(/There is no file/);
    expect(() => readText(tmpdir())).toThrow(/is no regular file/);
  });
});

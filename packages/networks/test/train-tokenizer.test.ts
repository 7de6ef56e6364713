import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTokenizer, trainTokenizer } from '../src/index.ts';

const read = (path: string) =>
  JSON.parse(
    readFileSync(
      fileURLToPath(new URL(`./reference/language/stored/tokenizers/byte-level/${path}`, import.meta.url)),
      'utf8',
    ),
  );

/** As `CORPUS` of `reference/language/main.py`. */
const { cases } = read('expected.json') as { cases: { text: string }[] };
const texts = cases.map(({ text }) => text);
const CORPUS = [
  ...[...texts, ...texts, ...texts],
  'the cat sat on the mat',
  'move left\nmove right\nmove up\nmove down\n',
  'there are walls to your left, below you',
];

function tokenizerOf(definition: object) {
  const directory = mkdtempSync(join(tmpdir(), 'qfleet-tokenizer-'));
  try {
    writeFileSync(join(directory, 'tokenizer.json'), JSON.stringify(definition));
    return loadTokenizer(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('trainTokenizer', () => {
  it('makes the file that Hugging Face’s trainer makes of the same texts', () => {
    expect(trainTokenizer(CORPUS, 300)).toEqual(read('tokenizer.json'));
  });

  it('gives any text back, and stops where words have no pairs left', () => {
    const definition = trainTokenizer(['aaaa aaaa', 'naïve 😀'], 10_000);
    const tokenizer = tokenizerOf(definition);
    expect(tokenizer.tokens).toBeLessThan(300);
    expect(tokenizer.encode('naïve 😀')).toHaveLength(2);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      }),
      { numRuns: 50 },
    );
  });

  it('has a token for each byte of no text at all', () => {
    expect(tokenizerOf(trainTokenizer([], 257)).tokens).toBe(257);
  });
});

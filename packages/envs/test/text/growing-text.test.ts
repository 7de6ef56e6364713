import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byteTokenizer } from '../../src/text/byte-tokenizer.ts';
import { GrowingText } from '../../src/text/growing-text.ts';

it('gives each character once, with the last of its tokens', () => {
  const grown = new GrowingText(byteTokenizer);
  expect([...byteTokenizer.encode('é!'), byteTokenizer.end].map((token) => grown.add(token))).toEqual([
    '',
    'é',
    '!',
    '',
  ]);
});

it('adds up to the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const grown = new GrowingText(byteTokenizer);
      // What stands for bytes of no character is not told from them.
      fc.pre(!text.includes('\ufffd'));
      const parts = byteTokenizer.encode(text).map((token) => grown.add(token));
      expect(parts.join('')).toBe(text);
    }),
  );
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { legalAmong, Vocabulary } from '../../src/index.ts';
import { byteTokenizer } from '../../src/text/byte-tokenizer.ts';

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '💡', '\n'), minLength: 1, maxLength: 4 });

test('a text that its tokens cover survives encode and decode', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(letters, { maxLength: 20 }),
      fc.array(letters, { maxLength: 20 }),
      (tokens, parts) => {
        const vocabulary = new Vocabulary([...new Set([...tokens, 'a', 'b', 'c', '💡', '\n'])], '\n');
        const text = parts.join('');
        expect(vocabulary.decode(vocabulary.encode(text))).toBe(text);
      },
    ),
  );
});

test('of the tokens that fit, the longest is taken', () => {
  const vocabulary = new Vocabulary(['a', 'ab', 'abcd', 'b', 'c']);
  expect(vocabulary.encode('abcabcd')).toEqual([1, 4, 2]);
  expect(vocabulary.end).toBe(5);
  expect(vocabulary.decode([0, 5, 3])).toBe('ab');
});

test('its fingerprint tells it from others', () => {
  const prints = [
    new Vocabulary(['a', 'b']),
    new Vocabulary(['b', 'a']),
    new Vocabulary(['a', 'b'], 'b'),
    new Vocabulary(['ab']),
  ].map(({ fingerprint }) => fingerprint);
  expect(new Set(prints).size).toBe(prints.length);
  expect(new Vocabulary(['a', 'b']).fingerprint).toBe(prints[0]);
  expect(prints[0]).toMatch(/^[0-9a-f]{16}$/);
});

test('what cannot be a vocabulary is refused, and what it does not cover', () => {
  expect(() => new Vocabulary(['a', 'a'])).toThrow('twice');
  expect(() => new Vocabulary(['a', ''])).toThrow('Token 1 of the vocabulary has an empty text.');
  expect(() => new Vocabulary(['a', 'b'], 'c')).toThrow('The end "c" is no token');
  expect(() => new Vocabulary(['a', 'b']).encode('abé')).toThrow('no token covers "é" at character 2');
});

const utf16 = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));

test('bytes cover every text', () => {
  fc.assert(
    fc.property(fc.string({ unit: utf16 }), (text) => {
      expect(byteTokenizer.decode([...byteTokenizer.encode(text), byteTokenizer.end])).toBe(
        text.toWellFormed(),
      );
    }),
  );
});

test('the legal tokens after a prefix are those with which a listed utterance goes on', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(letters, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat(5)),
      (utterances, walk) => {
        const vocabulary = new Vocabulary(['a', 'b', 'c', '💡', '\n', 'ab', 'bc']);
        const all = utterances.map((each) => [...vocabulary.encode(each), vocabulary.end]);
        const legal = legalAmong(utterances, vocabulary);
        const prefix: number[] = [];
        for (const choice of walk) {
          const begun = all.filter((each) => prefix.every((token, i) => each[i] === token));
          const expected = new Set(begun.flatMap((each) => each.slice(prefix.length, prefix.length + 1)));
          expect(new Set(legal(prefix))).toEqual(expected);
          if (expected.size === 0) break;
          prefix.push([...expected][choice % expected.size]);
        }
      },
    ),
  );
});

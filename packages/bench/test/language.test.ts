import { slowRuntimeNote } from '@qfleet/tensor';
import { expect, test } from 'vitest';
import { ONE_MILLION } from '../src/language/cases.ts';
import { benchLanguage } from '../src/language/language.ts';

const tiny = { ...ONE_MILLION, name: 'tiny', layers: 1, width: 32, heads: 2, vocabulary: 64 };

/** Whether generation is measured on libtensorflow too. */
const hasLibrary = slowRuntimeNote() === null;
const onTensorFlow = hasLibrary ? 'the same on libtensorflow' : null;

test('training is measured, generation beside the same without a cache, and a start beside what it may take', async () => {
  const rows = await benchLanguage(null, {
    ...{ decoder: tiny, starting: tiny, tokens: 32, uncached: 2, milliseconds: 20, rounds: 1 },
    training: { rows: 2, length: 8, milliseconds: 20, rounds: 1 },
    sizes: [1, 2].map((dialogues) => ({ dialogues, goal: 1 })),
  });
  expect(rows.map(({ name, unit, reference }) => [name, unit, reference])).toEqual([
    ['tiny, training on 2 × 8 tokens', 'tokens/s', null],
    ['tiny, 32 tokens, 1 dialogue', 'tokens/s', onTensorFlow],
    ...(hasLibrary ? [['tiny, 32 tokens, 2 dialogues', 'tokens/s', onTensorFlow]] : []),
    ['tiny, 32 tokens, 2 dialogues', 'tokens/s', 'the same without a cache'],
    ['tiny, start to the first token', 's', 'the most it should take'],
    ['tiny, memory until then', 'MB', 'the most it should take'],
  ]);
  for (const { value } of rows) expect(value).toBeGreaterThan(0);
  for (const { ratio } of rows.slice(2)) expect(ratio).toBeGreaterThan(0);
});

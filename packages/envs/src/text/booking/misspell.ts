import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';

/** Words of four letters and more, without a capital. */
const WORDS = /(?<![A-Za-z'])[a-z]{4,}(?![A-Za-z'])/g;

/** The text with a slip in one word: two letters swapped, one left out or one doubled. Names, which have capitals, stay. */
export function misspell(text: string, random: Random): string {
  const words = [...text.matchAll(WORDS)];
  if (words.length === 0) return text;
  const { 0: word, index } = pick(words, random);
  const at = 1 + random.integer(word.length - 2);
  const slips = [
    word.slice(0, at) + word[at + 1] + word[at] + word.slice(at + 2),
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + word[at] + word.slice(at),
  ];
  return text.slice(0, index) + pick(slips, random) + text.slice(index + word.length);
}

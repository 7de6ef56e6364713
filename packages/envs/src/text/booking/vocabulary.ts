import { Vocabulary } from '../vocabulary.ts';
import * as agent from './agent-phrases.ts';
import * as customer from './customer-phrases.ts';
import { DAYS, SLOTS } from './goal.ts';
import { KINDS } from './kinds.ts';
import { FIRST_PARTS, LAST_PARTS, VENUES } from './names.ts';
import { wordsOf } from './templates.ts';

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i));

/** Every text in a module of phrases. */
const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

/**
 * A token for each word of the phrases, with a space before it and without, for each part of a name, and for each printable
 * character of ASCII, of which misspelt words consist.
 */
export function bookingVocabulary(): Vocabulary {
  const words = [
    ...wordsOf([...textsIn(customer), ...textsIn(agent)]),
    ...DAYS,
    ...KINDS,
    ...SLOTS,
    'am',
    'pm',
  ];
  const names = [...FIRST_PARTS, ...Object.values(VENUES).flat()];
  const numbers = Array.from({ length: 12 }, (_, i) => String(i + 1));
  const starts = [...words, ...names, ...numbers];
  return new Vocabulary([
    ...new Set([...PRINTABLE, ...starts, ...starts.map((word) => ` ${word}`), ...LAST_PARTS]),
  ]);
}

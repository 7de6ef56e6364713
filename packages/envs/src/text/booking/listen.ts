import { distance } from 'fastest-levenshtein';
import { DAYS, type Slot } from './goal.ts';
import type { Kind } from './kinds.ts';

/** What an agent makes of a customer's text. */
export interface Heard {
  readonly kind: Kind | null;
  readonly values: ReadonlyMap<Slot, string>;
  /** He does not mind what he was asked for. */
  readonly isAny: boolean;
  /** He thanks for the booking. */
  readonly isRight: boolean;
}

const THINGS: readonly (readonly [Kind, readonly string[]])[] = [
  ['table', ['table', 'dinner']],
  ['room', ['room', 'bed']],
  ['train', ['train', 'ticket', 'seat']],
];

/** Words that are only said by who does not mind. */
const ANY = ['mind', 'any', 'preference', 'matter', 'whatever', 'suits'];
const THANKS = ['thank', 'thanks'];

/** Whether a word is one of some, misspelt or not. Short words have no slips. */
const isAmong = (word: string, known: readonly string[]): boolean =>
  known.some((each) => word === each || (each.length > 3 && distance(word, each) <= slipsOf(word, each)));

/** A swap of two letters counts as two. */
const slipsOf = (word: string, known: string): number =>
  word.length === known.length && [...word].sort().join('') === [...known].sort().join('') ? 2 : 1;

/**
 * Reads values by their form: names and venues have capitals, times am or pm, days and units a spelling that is near.
 *
 * @param asked the slot that he was asked for; null: none.
 */
export function listen(text: string, asked: Slot | null): Heard {
  const values = new Map<Slot, string>();
  for (const [name] of text.matchAll(/[A-Z][a-z]+(?: [A-Z][a-z]+)*/g)) {
    values.set(name.includes(' ') ? 'venue' : 'name', name);
  }
  const words = text.toLowerCase().match(/[a-z']+/g) ?? [];
  const day = words
    .map((word) => DAYS.find((each) => isAmong(word, [each])))
    .find((each) => each !== undefined);
  if (day !== undefined) values.set('day', day);
  const time = /\b\d+ [ap]m\b/.exec(text);
  if (time !== null) values.set('time', time[0]);
  for (const [, number, unit = ''] of text.matchAll(/\b(\d+)\b(?! [ap]m)(?: ([a-z']+))?/g)) {
    const isNights =
      isAmong(unit, ['nights']) ||
      (asked === 'nights' && !isAmong(unit, ['people']) && !values.has('nights'));
    values.set(isNights ? 'nights' : 'people', number);
  }
  return {
    kind: THINGS.find(([, names]) => words.some((word) => isAmong(word, names)))?.[0] ?? null,
    values,
    isAny: words.some((word) => isAmong(word, ANY)) || text.includes('up to you'),
    isRight: words.some((word) => isAmong(word, THANKS)),
  };
}

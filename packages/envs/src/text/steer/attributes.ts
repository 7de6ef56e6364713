import { BAD, GOOD } from './lexicon.ts';

/** What of a continuation is to be raised. */
export const ATTRIBUTES = ['rhyme', 'length', 'sentiment'] as const;
export type Attribute = (typeof ATTRIBUTES)[number];

/** Words of a continuation from which on its length is 1. */
const LONG = 20;
/** How many more good words than bad ones give a sentiment of 1. */
const CHEERFUL = 4;

const good: ReadonlySet<string> = new Set(GOOD);
const bad: ReadonlySet<string> = new Set(BAD);

const wordsIn = (text: string): string[] => text.toLowerCase().match(/[a-z']+/g) ?? [];

/** The last vowels of a word and what follows them: words that share it, and differ, rhyme. */
const rhymeOf = (word: string): string => /[aeiouy]+[^aeiouy]*$/.exec(word)?.[0] ?? word;

/** An attribute of a continuation, from 0 to 1. */
export function score(attribute: Attribute, prompt: string, continuation: string): number {
  const words = wordsIn(continuation);
  switch (attribute) {
    case 'rhyme': {
      const [first, second] = [wordsIn(prompt).at(-1), words.at(-1)];
      if (first === undefined || second === undefined || first === second) return 0;
      return Number(rhymeOf(first) === rhymeOf(second));
    }
    case 'length':
      return Math.min(1, words.length / LONG);
    case 'sentiment': {
      const felt = words.reduce((sum, word) => sum + Number(good.has(word)) - Number(bad.has(word)), 0);
      return Math.min(1, Math.max(0, felt / CHEERFUL));
    }
  }
}

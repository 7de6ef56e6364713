import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';
import type { TextPolicy } from '../text-environment.ts';
import { hearFeedback, spell, type WordList } from './game.ts';

/** Chooses the next guess among all words, of which some are consistent with all feedback so far; all as places in the list. */
type Choose = (consistent: readonly number[]) => number;

/** Keeps the words that are consistent with what it hears. */
function guesser(list: WordList, choose: Choose): TextPolicy {
  const all = list.words.map((_, place) => place);
  let consistent: readonly number[] = all;
  let guess = -1;
  return {
    reset() {
      consistent = all;
      guess = -1;
    },
    answer(heard) {
      const feedback = guess < 0 ? null : hearFeedback(heard);
      if (feedback !== null) consistent = list.table.consistent(consistent, guess, feedback);
      guess = choose(consistent);
      return spell(list.words[guess]);
    },
  };
}

/** Guesses a consistent word with some probability, and else any word of the list. */
export const randomGuesser = (list: WordList, consistency: number, random: Random): TextPolicy =>
  guesser(list, (consistent) =>
    random.uniform() < consistency ? pick(consistent, random) : random.integer(list.words.length),
  );

/** Guesses the consistent word that tells most. The first guess is always the same, and found once. */
export function tellingGuesser(list: WordList): TextPolicy {
  let first = -1;
  return guesser(list, (consistent) => {
    if (consistent.length < list.words.length) return list.table.mostTelling(consistent);
    if (first < 0) first = list.table.mostTelling(consistent);
    return first;
  });
}

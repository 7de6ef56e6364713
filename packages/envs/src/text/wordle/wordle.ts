import { Random } from '@qfleet/random';
import { pick, shuffled } from '../draw.ts';
import { legalAmong } from '../legal-utterances.ts';
import { playEpisode } from '../play-episode.ts';
import type { KnownReturns, TextDefinition, TextEnvironment } from '../text-environment.ts';
import { Vocabulary } from '../vocabulary.ts';
import { LETTERS } from './feedback.ts';
import { type FeedbackForm, FIRST_TEXT, GUESSES, spell, WordList, WordleGame } from './game.ts';
import { randomGuesser, tellingGuesser } from './policies.ts';
import { WORDS } from './words.ts';

/** The words of the original game. */
export const MOST_WORDS = WORDS.length;

/** The seed of the order in which lists of words are drawn. */
const ORDER = 7;

/** The data policy guesses a consistent word with this probability, and else any. */
const CONSISTENCY = 0.34;

/** One word of so many is kept for tests. */
const TEST_SHARE = 10;

/** Mean returns by the number of words: the data policy's (of 200,000 episodes, standard error 0.004) and the bound's (exact). */
const KNOWN: Readonly<Record<number, KnownReturns>> = {
  60: { data: -3.304, bound: -1.367 },
  431: { data: -4.084, bound: -1.947 },
};

const ALPHABET = [...'abcdefghijklmnopqrstuvwxyz'];

export interface WordleOptions {
  readonly words: number;
  readonly feedback: FeedbackForm;
  readonly secrets: 'all' | 'training' | 'test';
}

/**
 * `text/wordle`: guess a five-letter word in six guesses, as in LMRL-Gym (Abdulhai et al., 2023) after ILQL (Snell et al.,
 * 2022). What may be guessed may be the secret.
 */
export function wordle(id: string, { words, feedback, secrets }: WordleOptions): TextDefinition {
  const drawn = shuffled(WORDS, new Random(ORDER)).slice(0, words);
  const list = new WordList(drawn.toSorted());
  const chosen = drawn.filter((_, i) => secrets === 'all' || (i % TEST_SHARE === 0) === (secrets === 'test'));
  const tokenizer = vocabulary(feedback);
  const utterances = list.words.map(spell);
  const create = (random: Random): TextEnvironment => {
    const game = new WordleGame(list, feedback);
    return {
      reset: (start) => game.begin(start === undefined ? pick(chosen, random) : chosen[start]),
      step: (utterance) => game.guess(utterance),
      setState(state) {
        if (typeof state === 'string' && list.has(state)) return game.begin(state);
        throw new RangeError(`a state is the secret, one of its ${words} words, such as "${list.words[0]}".`);
      },
    };
  };
  // A guess has a token for each letter and the end, its feedback one for each colour and the line's end.
  const guess = LETTERS + 1;
  return {
    kind: 'text',
    id,
    native: true,
    summary: 'Guess a five-letter word in six guesses, told which letters are right.',
    tokenizer,
    context: 1 + GUESSES * 2 * guess,
    history: null,
    longestUtterance: guess,
    maxTurns: null,
    starts: chosen.length,
    utterances,
    legal: legalAmong(utterances, tokenizer),
    returns: [-GUESSES, 0],
    known: secrets === 'all' ? (KNOWN[words] ?? {}) : {},
    data: {
      episodes: 100_000,
      generate: (random) => playEpisode(create(random), randomGuesser(list, CONSISTENCY, random)),
    },
    bound: () => tellingGuesser(list),
    create,
  };
}

/** Letters, the first of a word and others; with letters in feedback, each letter with each colour. */
function vocabulary(feedback: FeedbackForm): Vocabulary {
  const coloured = ALPHABET.flatMap((letter) => ['b', 'y', 'g'].map((colour) => ` ${letter}:${colour}`));
  return new Vocabulary(
    [
      '\n',
      FIRST_TEXT,
      ...ALPHABET,
      ...ALPHABET.map((letter) => ` ${letter}`),
      ...(feedback === 'letters' ? coloured : []),
    ],
    '\n',
  );
}

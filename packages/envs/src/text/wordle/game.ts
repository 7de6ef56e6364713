import type { TextStep } from '../text-environment.ts';
import { coloursOf, FeedbackTable, feedbackOf, feedbackOfColours, LETTERS, RIGHT } from './feedback.ts';

/** Guesses of an episode. */
export const GUESSES = 6;

/** How feedback is written: colours alone, as published, or each letter with its colour. */
export type FeedbackForm = 'colours' | 'letters';

export const FIRST_TEXT = 'Wordle:\n';

/** A guess as it is said. */
export const spell = (word: string): string => [...word].join(' ');

/** The letters of a guess as it was said. */
const read = (utterance: string): string => utterance.trim().replaceAll(' ', '');

/** A feedback as it is said. */
function sayFeedback(feedback: number, guess: string, form: FeedbackForm): string {
  const colours = coloursOf(feedback);
  return form === 'colours'
    ? `${colours.join(' ')}\n`
    : `${colours.map((colour, i) => ` ${guess[i]}:${colour}`).join('')}\n`;
}

/** The feedback that was said; null: the guess was none. */
export function hearFeedback(text: string): number | null {
  const colours = text
    .trim()
    .split(' ')
    .map((each) => each.at(-1) ?? '');
  return colours.length === LETTERS ? feedbackOfColours(colours) : null;
}

/** The words of a task. */
export class WordList {
  readonly words: readonly string[];
  readonly #set: ReadonlySet<string>;
  #table: FeedbackTable | null = null;

  constructor(words: readonly string[]) {
    this.words = words;
    this.#set = new Set(words);
  }

  /** Made when it is first needed: the environment itself does without. */
  get table(): FeedbackTable {
    this.#table ??= new FeedbackTable(this.words);
    return this.#table;
  }

  has(word: string): boolean {
    return this.#set.has(word);
  }
}

/** One episode with a secret. */
export class WordleGame {
  readonly #list: WordList;
  readonly #form: FeedbackForm;
  #secret = '';
  #guesses = 0;

  constructor(list: WordList, form: FeedbackForm) {
    this.#list = list;
    this.#form = form;
  }

  begin(secret: string): string {
    this.#secret = secret;
    this.#guesses = 0;
    return FIRST_TEXT;
  }

  guess(utterance: string): TextStep {
    const guess = read(utterance);
    const known = this.#list.has(guess);
    const feedback = known ? feedbackOf(guess, this.#secret) : -1;
    const right = feedback === RIGHT;
    return {
      text: known ? sayFeedback(feedback, guess, this.#form) : '\n',
      reward: right ? 0 : -1,
      terminated: ++this.#guesses === GUESSES || right,
      truncated: false,
    };
  }
}

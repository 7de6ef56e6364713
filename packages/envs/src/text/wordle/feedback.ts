/** The letters of a word. */
export const LETTERS = 5;

/** The colours of a letter: it is nowhere in the secret, elsewhere, or here. */
const COLOURS = ['b', 'y', 'g'] as const;

/** The feedback of a guess that is right: `g` five times. */
export const RIGHT = 3 ** LETTERS - 1;

/** What is told of a guess, as a number in base 3. Letters are not counted: one guessed twice is told twice. */
export function feedbackOf(guess: string, secret: string): number {
  let feedback = 0;
  for (let i = 0; i < LETTERS; i++) {
    const colour = guess[i] === secret[i] ? 2 : secret.includes(guess[i]) ? 1 : 0;
    feedback = 3 * feedback + colour;
  }
  return feedback;
}

/** The colours of a feedback, by letters. */
export const coloursOf = (feedback: number): string[] =>
  Array.from({ length: LETTERS }, (_, i) => COLOURS[Math.floor(feedback / 3 ** (LETTERS - 1 - i)) % 3]);

/** The feedback that colours stand for. */
export const feedbackOfColours = (colours: readonly string[]): number =>
  colours.reduce((feedback, colour) => 3 * feedback + COLOURS.indexOf(colour as 'b'), 0);

/** The feedback of each word of a list for each as the secret. */
export class FeedbackTable {
  readonly size: number;
  readonly #codes: Uint8Array;

  constructor(words: readonly string[]) {
    this.size = words.length;
    this.#codes = new Uint8Array(words.length ** 2);
    let i = 0;
    for (const guess of words) for (const secret of words) this.#codes[i++] = feedbackOf(guess, secret);
  }

  /** Both as places in the list. */
  of(guess: number, secret: number): number {
    return this.#codes[guess * this.size + secret];
  }

  /** Those of `words` that would have given the same feedback. */
  consistent(words: readonly number[], guess: number, feedback: number): number[] {
    return words.filter((word) => this.of(guess, word) === feedback);
  }

  /** The first of the consistent words whose feedback tells most, in bits: the greatest entropy over `words`. */
  mostTelling(words: readonly number[]): number {
    const counts = new Uint32Array(3 ** LETTERS);
    let best = words[0];
    let least = Number.POSITIVE_INFINITY;
    for (const guess of words) {
      counts.fill(0);
      for (const secret of words) counts[this.of(guess, secret)]++;
      // The entropy is log n − this sum/n.
      let sum = 0;
      for (const count of counts) if (count > 1) sum += count * Math.log2(count);
      if (sum < least - 1e-9) [least, best] = [sum, guess];
    }
    return best;
  }
}

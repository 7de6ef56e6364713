import type { Tokenizer } from './tokenizer.ts';

/** What a tokenizer makes of bytes that are no whole character. */
const UNFINISHED = /\ufffd+$/;

/** The text of tokens as they come. A character that several tokens make comes with the last of them. */
export class GrowingText {
  readonly #tokenizer: Tokenizer;
  readonly #tokens: number[] = [];
  /** What has come of it. */
  #text = '';

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** @returns what the token adds to the text; the one that ends an utterance adds nothing. */
  add(token: number): string {
    if (token === this.#tokenizer.end) return '';
    this.#tokens.push(token);
    const text = this.#tokenizer.decode(this.#tokens).replace(UNFINISHED, '');
    const part = text.slice(this.#text.length);
    this.#text = text;
    return part;
  }
}

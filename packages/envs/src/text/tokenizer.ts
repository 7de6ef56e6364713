/** What makes tokens of texts and texts of tokens. A token is an integer of [0, `size`). */
export interface Tokenizer {
  /** The number of tokens. */
  readonly size: number;
  /** The token that ends an utterance of the agent. */
  readonly end: number;
  /** A text that two tokenizers share only if they encode alike, as 16 hexadecimal digits. */
  readonly fingerprint: string;
  /** @throws RangeError naming the first character that no token covers. */
  encode(text: string): number[];
  /** The text of tokens; tokens without a text, such as an end of their own, leave nothing. */
  decode(tokens: ArrayLike<number>): string;
}

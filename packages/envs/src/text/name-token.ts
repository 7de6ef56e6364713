import type { Tokenizer } from './tokenizer.ts';

/** A token as people are told of it: its text in quotes, or `end` for the one that ends an utterance. */
export const nameToken = (tokenizer: Tokenizer, token: number): string =>
  token === tokenizer.end ? 'end' : JSON.stringify(tokenizer.decode([token]));

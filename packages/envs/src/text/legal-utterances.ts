import type { Tokenizer } from './tokenizer.ts';
import { descend, insert, newTrie } from './trie.ts';

/** The tokens that may come after those since the turn began: a pure function, one at least for each prefix that it allows. */
export type Legal = (prefix: ArrayLike<number>) => readonly number[];

/** Allows the listed utterances alone, each with the token that ends it. A prefix of none of them has no legal token. */
export function legalAmong(utterances: readonly string[], tokenizer: Tokenizer): Legal {
  const root = newTrie();
  for (const utterance of utterances) insert(root, [...tokenizer.encode(utterance), tokenizer.end], 0);
  const none: readonly number[] = [];
  return (prefix) => descend(root, prefix)?.next ?? none;
}

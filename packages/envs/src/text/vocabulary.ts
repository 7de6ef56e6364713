import { fingerprintOf } from './fingerprint.ts';
import type { Tokenizer } from './tokenizer.ts';
import { insert, newTrie, type TrieNode } from './trie.ts';

/** The most tokens that a vocabulary may have: a token takes 16 bits. */
export const MOST_TOKENS = 65_536;

/**
 * A tokenizer whose tokens are listed texts: of those that fit at a place, the longest is taken. So the texts of an
 * encoded text's tokens, one after the other, are that text.
 */
export class Vocabulary implements Tokenizer {
  readonly size: number;
  readonly end: number;
  readonly fingerprint: string;
  /** The text of each token; that of an end of its own is empty. */
  readonly texts: readonly string[];
  /** The tokens by their UTF-16 units. */
  readonly #root: TrieNode = newTrie();

  /**
   * @param texts each different and not empty; a token is a place in this list.
   * @param end the text of the token that ends an utterance. Absent: one more token, without a text.
   */
  constructor(texts: readonly string[], end?: string) {
    const own = end === undefined;
    this.texts = own ? [...texts, ''] : texts;
    this.size = this.texts.length;
    this.end = own ? texts.length : texts.indexOf(end);
    if (this.end < 0) throw new RangeError(`The end ${JSON.stringify(end)} is no token of the vocabulary.`);
    if (this.size > MOST_TOKENS) {
      throw new RangeError(`A vocabulary has at most ${MOST_TOKENS} tokens, not ${this.size}.`);
    }
    const seen = new Set<string>();
    texts.forEach((text, token) => {
      if (text === '') throw new RangeError(`Token ${token} of the vocabulary has an empty text.`);
      if (seen.size === seen.add(text).size) {
        throw new RangeError(`The vocabulary has the token ${JSON.stringify(text)} twice.`);
      }
      insert(this.#root, units(text), token);
    });
    this.fingerprint = fingerprintOf(JSON.stringify([this.texts, this.end]));
  }

  encode(text: string): number[] {
    const tokens: number[] = [];
    for (let at = 0; at < text.length; ) {
      let node: TrieNode | undefined = this.#root;
      let token = -1;
      let after = at;
      for (let i = at; i < text.length; i++) {
        node = node.children.get(text.charCodeAt(i));
        if (node === undefined) break;
        if (node.value < 0) continue;
        token = node.value;
        after = i + 1;
      }
      if (token < 0) {
        const character = String.fromCodePoint(text.codePointAt(at)!);
        throw new RangeError(`no token covers ${JSON.stringify(character)} at character ${at}`);
      }
      tokens.push(token);
      at = after;
    }
    return tokens;
  }

  decode(tokens: ArrayLike<number>): string {
    let text = '';
    for (let i = 0; i < tokens.length; i++) text += this.texts[tokens[i]];
    return text;
  }
}

function* units(text: string): Generator<number> {
  for (let i = 0; i < text.length; i++) yield text.charCodeAt(i);
}

import { learnBytePairs } from './byte-pairs.ts';
import type { JsonObject } from './read-json.ts';

/** The token that stands between texts, number 0. */
export const END_OF_TEXT = '<|endoftext|>';

/** How GPT-2 cuts a text into words (Radford et al., 2019): a word has the space before it. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** The characters that GPT-2 writes bytes as: those that can be seen as they are, the others from 256 on. */
export const CHARACTERS: readonly string[] = byteCharacters();

function byteCharacters(): string[] {
  const isSeen = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  let other = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isSeen(byte) ? byte : other++));
}

/**
 * Makes a tokenizer of a text, byte-level as GPT-2's: any text has tokens, and these give it back.
 *
 * @param size how many tokens it has at most, 257 at least: one for each byte, and `END_OF_TEXT`.
 * @returns what `tokenizer.json` holds.
 */
export function trainTokenizer(texts: Iterable<string>, size: number): JsonObject {
  const words = new Map<string, number>();
  const encoder = new TextEncoder();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) words.set(word, (words.get(word) ?? 0) + 1);
  }
  const written = new Map(
    Array.from(words, ([word, count]) => {
      return [Array.from(encoder.encode(word), (byte) => CHARACTERS[byte]).join(''), count];
    }),
  );
  const alphabet = [...CHARACTERS].sort();
  const { tokens, merges } = learnBytePairs(written, [END_OF_TEXT, ...alphabet], size);
  const bytes = { add_prefix_space: false, trim_offsets: true, use_regex: true };
  const end = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    ...{ truncation: null, padding: null },
    added_tokens: [{ id: 0, content: END_OF_TEXT, ...end }],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', ...bytes },
    post_processor: null,
    decoder: { type: 'ByteLevel', ...bytes, add_prefix_space: true },
    model: {
      type: 'BPE',
      ...{ dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
      vocab: Object.fromEntries(tokens.map((token, i) => [token, i])),
      merges,
    },
  };
}

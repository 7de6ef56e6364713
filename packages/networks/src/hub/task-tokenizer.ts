import type { JsonObject } from './read-json.ts';
import { CHARACTERS } from './train-tokenizer.ts';

/** The name of the token without a text, where files of Hugging Face's format need one. */
export const NO_TEXT = '<|end|>';

/**
 * What `tokenizer.json` holds of a vocabulary of which the longest token that fits is taken, from the left on.
 *
 * @param texts of the tokens; empty: that token has none.
 */
export function vocabularyTokenizer(texts: readonly string[]): JsonObject {
  const special = texts.flatMap((text, token) => (text === '' ? [token] : []));
  return tokenizerOf(special, {
    ...{ normalizer: null, pre_tokenizer: null, decoder: { type: 'Fuse' } },
    model: {
      // Without a prefix, and with all of a text as one word, it takes the longest that fits.
      type: 'WordPiece',
      // Of no vocabulary: what no token covers is an error.
      unk_token: '<|unknown|>',
      ...{ continuing_subword_prefix: '', max_input_chars_per_word: 1_000_000 },
      vocab: Object.fromEntries(texts.map((text, token) => [text === '' ? NO_TEXT : text, token])),
    },
  });
}

/** The same of a token for each byte of UTF-8, and one more without a text: a byte-level BPE without merges. */
export function bytesTokenizer(): JsonObject {
  const level = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  return tokenizerOf([CHARACTERS.length], {
    ...{ normalizer: null, pre_tokenizer: level, decoder: level },
    model: {
      type: 'BPE',
      ...{ dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false },
      vocab: Object.fromEntries([...CHARACTERS, NO_TEXT].map((name, token) => [name, token])),
      merges: [],
    },
  });
}

/** @param special the tokens without a text. */
const tokenizerOf = (special: readonly number[], parts: JsonObject): JsonObject => ({
  version: '1.0',
  ...{ truncation: null, padding: null },
  added_tokens: special.map((id) => ({
    ...{
      id,
      content: NO_TEXT,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    },
  })),
  post_processor: null,
  ...parts,
});

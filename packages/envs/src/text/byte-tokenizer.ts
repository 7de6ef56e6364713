import { fingerprintOf } from './fingerprint.ts';
import type { Tokenizer } from './tokenizer.ts';

const BYTES = 256;

/** The tokenizer of any text: a token for each byte of UTF-8, and one that ends an utterance. */
export const byteTokenizer: Tokenizer = {
  size: BYTES + 1,
  end: BYTES,
  fingerprint: fingerprintOf('bytes of UTF-8, then an end'),
  encode: (text) => [...new TextEncoder().encode(text)],
  decode: (tokens) =>
    new TextDecoder().decode(Uint8Array.from(Array.from(tokens).filter((token) => token < BYTES))),
};

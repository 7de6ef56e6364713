import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadArchitecture, loadEnds, loadTokenizer, ModelError } from '@qfleet/networks';

/** What a given model makes of texts: a tokenizer whose tokens are all that the model knows. */
export interface ModelTokens {
  /** The model's, of which its tokenizer may lack some. */
  readonly size: number;
  /** The token that ends an utterance. */
  readonly end: number;
  /** 16 hexadecimal digits, of all that encoding follows from. */
  readonly fingerprint: string;
  /** The most tokens that the model reads. */
  readonly context: number;
  encode(text: string): number[];
  /** The text, in which special tokens and those that the tokenizer lacks leave nothing. */
  decode(tokens: ArrayLike<number>): string;
}

/**
 * The tokens of a model's directory, which may lack weights.
 *
 * @throws ModelError where there is no tokenizer, it does not fit the model, or nothing says which token ends a text.
 */
export function modelTokens(directory: string): ModelTokens {
  const { vocabulary: size, context } = loadArchitecture(directory).shape;
  const tokenizer = loadTokenizer(directory);
  const [end] = loadEnds(directory);
  if (end === undefined || end < 0 || end >= size)
    throw new ModelError(
      `${join(directory, 'config.json')}: eos_token_id is ${end ?? 'missing'}, and the token that ends an utterance has to be one of 0 to ` +
        `${size - 1}: set it.`,
    );
  return {
    ...{ size, end, context },
    fingerprint: createHash('sha256')
      .update(readFileSync(join(directory, 'tokenizer.json')))
      .update(`${size} ${end}`)
      .digest('hex')
      .slice(0, 16),
    encode: (text) => tokenizer.encode(text, false),
    decode: (tokens) => tokenizer.decode(Array.from(tokens).filter((token) => token < tokenizer.tokens)),
  };
}

import { describe } from '@qfleet/spaces';
import { ContractError, EnvironmentDefinitionError } from '../errors.ts';
import { byteTokenizer } from './byte-tokenizer.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { Tokenizer } from './tokenizer.ts';
import { MOST_TOKENS, Vocabulary } from './vocabulary.ts';

/** A user's tokenizer. */
export interface OwnTokenizer {
  size: number;
  /** The token that ends an utterance. */
  end: number;
  /** Absent: made of the text of each token. */
  fingerprint?: string;
  encode(text: string): ArrayLike<number>;
  decode(tokens: readonly number[]): string;
}

/** What a user's definition may say of its tokens. */
export interface OwnTokens {
  /** The texts of the tokens; absent, as is `tokenizer`: a token for each byte of UTF-8. */
  vocabulary?: readonly string[];
  /** The text of the vocabulary's token that ends an utterance; absent: one more token, without a text. */
  end?: string;
  tokenizer?: OwnTokenizer;
}

/** @throws EnvironmentDefinitionError, which begins with `what`. */
export function takeTokenizer({ vocabulary, end, tokenizer }: OwnTokens, what: string): Tokenizer {
  const refuse = (field: string, why: string) =>
    new EnvironmentDefinitionError(`${what}, field ${field}: ${why}`);
  if (vocabulary === undefined) {
    if (end !== undefined) throw refuse('end', 'it is a token of a vocabulary: give vocabulary too.');
    return tokenizer === undefined ? byteTokenizer : checkedTokenizer(tokenizer, refuse);
  }
  if (tokenizer !== undefined) throw refuse('tokenizer', 'give it or a vocabulary, not both.');
  try {
    return new Vocabulary(vocabulary, end);
  } catch (cause) {
    throw refuse('vocabulary', (cause as Error).message);
  }
}

/** A user's tokenizer, of which each answer is checked. */
function checkedTokenizer(own: OwnTokenizer, refuse: (field: string, why: string) => Error): Tokenizer {
  const { size, end } = own;
  if (!(Number.isInteger(size) && size >= 2 && size <= MOST_TOKENS)) {
    throw refuse('tokenizer', `size is ${describe(size)}: it must be an integer of 2 to ${MOST_TOKENS}.`);
  }
  const isToken = (value: unknown) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < size;
  if (!isToken(end)) throw refuse('tokenizer', `end is ${describe(end)}: it must be one of its tokens.`);
  for (const method of ['encode', 'decode'] as const) {
    if (typeof own[method] !== 'function') throw refuse('tokenizer', `it needs the function ${method}.`);
  }
  const decode = (tokens: ArrayLike<number>): string => {
    const text: unknown = own.decode(Array.from(tokens));
    if (typeof text !== 'string')
      throw new ContractError(`decode returned ${describe(text)}: it must be a text.`);
    return text;
  };
  return {
    size,
    end,
    decode,
    encode(text) {
      const tokens: unknown = own.encode(text);
      if (typeof tokens !== 'object' || tokens === null || !('length' in tokens)) {
        throw new ContractError(`encode returned ${describe(tokens)}: it must be a list of tokens.`);
      }
      const list = Array.from(tokens as ArrayLike<number>);
      const wrong = list.find((token) => !isToken(token));
      if (wrong !== undefined) {
        throw new ContractError(`encode gave ${describe(wrong)}: a token is an integer of 0 to ${size - 1}.`);
      }
      return list;
    },
    fingerprint:
      typeof own.fingerprint === 'string'
        ? own.fingerprint
        : fingerprintOf(
            JSON.stringify([end, ...Array.from({ length: size }, (_, token) => decode([token]))]),
          ),
  };
}

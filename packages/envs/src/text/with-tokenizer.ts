import { legalAmong } from './legal-utterances.ts';
import type { TextDefinition } from './text-environment.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The same task in the tokens of another tokenizer, such as a language model's. What is legal is kept where its utterances
 * are listed; else all is legal.
 *
 * @param context the most tokens that the model reads.
 */
export function withTokenizer(
  { legal: _, ...definition }: TextDefinition,
  tokenizer: Tokenizer,
  context: number,
): TextDefinition {
  const { utterances } = definition;
  const lengths = utterances?.map((utterance) => tokenizer.encode(utterance).length + 1);
  return {
    ...definition,
    tokenizer,
    context,
    // A token of another tokenizer may be as little as a byte.
    longestUtterance: lengths === undefined ? definition.longestUtterance : Math.max(...lengths),
    ...(utterances === undefined ? {} : { legal: legalAmong(utterances, tokenizer) }),
  };
}

import { EnvironmentDefinitionError } from '../errors.ts';
import { legalAmong } from './legal-utterances.ts';
import type { TextDefinition } from './text-environment.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * The same task in the tokens of another tokenizer, such as a language model's. What is legal is made anew of the listed utterances.
 *
 * @param context the most tokens that the model reads.
 * @throws EnvironmentDefinitionError where the task says which of its own tokens are legal without listing utterances.
 */
export function withTokenizer(
  { legal, ...definition }: TextDefinition,
  tokenizer: Tokenizer,
  context: number,
): TextDefinition {
  const { id, utterances } = definition;
  if (utterances === undefined) {
    if (legal === undefined) return { ...definition, tokenizer, context };
    throw new EnvironmentDefinitionError(
      `Environment ${id} says which of its own tokens are legal, and they are to be others: have it list \`utterances\` in place of ` +
        '`legal`.',
    );
  }
  const lengths = utterances.map((utterance) => tokenizer.encode(utterance).length + 1);
  return {
    ...definition,
    ...{ tokenizer, context },
    longestUtterance: Math.max(...lengths),
    legal: legalAmong(utterances, tokenizer),
  };
}

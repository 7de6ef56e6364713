import type { TextDefinition } from './text-environment.ts';

/**
 * What is wrong with an utterance that is too long, or that the task does not allow, as a clause; null: nothing is.
 *
 * @param text of the utterance, for the sentence.
 * @param tokens of it, the one that ends it included.
 */
export function utteranceProblem(
  text: string,
  tokens: readonly number[],
  { id, tokenizer, longestUtterance, legal }: TextDefinition,
): string | null {
  if (tokens.length > longestUtterance) {
    return `the utterance has ${tokens.length} tokens with the one that ends it: ${longestUtterance} is the most in ${id}.`;
  }
  if (legal === undefined) return null;
  const wrong = tokens.findIndex((token, i) => !legal(tokens.slice(0, i)).includes(token));
  if (wrong < 0) return null;
  const said = JSON.stringify(text);
  return tokens[wrong] === tokenizer.end
    ? `${said} is no legal action of ${id}: it can't end there.`
    : `${said} is no legal action of ${id}: ${JSON.stringify(tokenizer.decode([tokens[wrong]]))} can't come after ` +
        `${JSON.stringify(tokenizer.decode(tokens.slice(0, wrong)))}.`;
}

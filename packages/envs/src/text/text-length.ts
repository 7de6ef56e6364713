import type { TextDefinition } from './text-environment.ts';

/**
 * What is wrong with a text of so many tokens, as the end of a sentence that begins with the text; null: an agent can read it at once,
 * and what it answers beside it.
 *
 * @param isAnswered whether an utterance follows.
 */
export function lengthProblem(
  tokens: number,
  { context, longestUtterance }: TextDefinition,
  isAnswered: boolean,
): string | null {
  const most = isAnswered ? context - longestUtterance : context;
  if (tokens <= most) return null;
  const beside = isAnswered ? `, of which an utterance takes up to ${longestUtterance}` : '';
  return `has ${tokens} tokens: ${most} is the most in a context of ${context}${beside}; say less, or raise context.`;
}

import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';

/**
 * The first thing wrong with what a strict object schema was given, as a sentence that starts with `what`.
 */
export function issueSentence(
  what: string,
  kind: string,
  error: z.ZodError,
  known: readonly string[],
): string {
  const [issue] = error.issues;
  if (issue.code === 'unrecognized_keys') {
    const [key] = issue.keys;
    return `${what} has no ${kind} ${key}: did you mean ${closest(key, known)}? It takes ${known.join(', ')}.`;
  }
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  return issue.path.length === 0
    ? `${what}: ${message}.`
    : `${what}, ${kind} ${issue.path.join('.')}: ${message}.`;
}

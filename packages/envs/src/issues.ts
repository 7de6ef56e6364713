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
  const message = sentenceOf(issue);
  return issue.path.length === 0
    ? `${what}: ${message}.`
    : `${what}, ${kind} ${issue.path.join('.')}: ${message}.`;
}

const types: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a text',
  object: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

/** The rule that was broken, without zod's own words. */
function sentenceOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'it is missing';
      return `it must be ${types[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return issue.origin === 'string' ? 'it must not be empty' : `it must be at least ${issue.minimum}`;
    case 'too_big':
      return `it must be at most ${issue.maximum}`;
    case 'invalid_value':
      return `it must be one of ${issue.values.join(', ')}`;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

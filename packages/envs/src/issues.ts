import { describe, unknownName } from '@qfleet/spaces';
import type { z } from 'zod';

/**
 * The first thing wrong with what a strict object schema was given, as a sentence that starts with `what`.
 *
 * @param given what it was given.
 */
export function issueSentence(
  what: string,
  kind: string,
  error: z.ZodError,
  known: readonly string[],
  given: unknown,
): string {
  const [issue] = error.issues;
  if (issue.code === 'unrecognized_keys') return unknownName(what, kind, issue.keys[0], known);
  const message = sentenceOf(issue, valueAt(given, issue.path));
  return issue.path.length === 0
    ? `${what}: ${message}.`
    : `${what}, ${kind} ${issue.path.join('.')}: ${message}.`;
}

const valueAt = (given: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce((value, key) => (value as Record<PropertyKey, unknown> | null)?.[key], given);

const types: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a text',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  boolean: 'true or false',
};

/** The rule that was broken, without zod's own words. */
function sentenceOf(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.message.endsWith('received undefined')) return 'it is missing';
      return `it must be ${types[issue.expected] ?? issue.expected}, not ${describe(value)}`;
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

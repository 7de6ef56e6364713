import { isDeepStrictEqual } from 'node:util';
import type { RunConfig } from '@qfleet/config';

type Environment = Partial<RunConfig['environment']>;

/** In which of some fields, and which options, two environments differ: `environment.id is A and B`. */
export const taskDifferences = (
  fields: readonly (keyof Environment)[],
  one: Environment,
  other: Environment,
): string[] => fields.flatMap((field) => difference(field, one, other));

function difference(field: keyof Environment, one: Environment, other: Environment): string[] {
  if (isDeepStrictEqual(one[field], other[field])) return [];
  if (field !== 'options') return [`environment.${field} is ${shown(one[field])} and ${shown(other[field])}`];
  const [before, after] = [one.options ?? {}, other.options ?? {}];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => `environment.options.${name} is ${shown(before[name])} and ${shown(after[name])}`);
}

const shown = (value: unknown): string =>
  value === undefined ? 'not set' : typeof value === 'string' ? value : JSON.stringify(value);

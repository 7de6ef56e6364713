import { isDeepStrictEqual } from 'node:util';
import { suggestion } from '@qfleet/config';

/** A range of numbers. */
export interface Range {
  /** Both bounds of `integers` are drawn; `high` of the others only by rounding. */
  readonly kind: 'uniform' | 'logUniform' | 'integers';
  readonly low: number;
  readonly high: number;
}

/** What a sweep tries for one field. */
export type Dimension = { readonly kind: 'values'; readonly values: readonly unknown[] } | Range;

const RANGES: readonly string[] = ['uniform', 'logUniform', 'integers'] satisfies Range['kind'][];
const KINDS = [...RANGES, 'choice'];
const FORMS =
  'a list of values, {uniform: [low, high]}, {logUniform: [low, high]} or {integers: [low, high]}';

/**
 * The dimension that a part of a sweep's file says.
 * @returns a text: why it is none, to follow the field's name.
 */
export function readDimension(said: unknown): Dimension | string {
  if (Array.isArray(said)) return readValues(said);
  if (typeof said !== 'object' || said === null) {
    return `is ${shown(said)}; allowed: ${FORMS}. A single value belongs to set.`;
  }
  const entries = Object.entries(said);
  if (entries.length !== 1) return `has ${entries.length} parts; allowed: ${FORMS}.`;
  const [kind, value] = entries[0];
  if (!KINDS.includes(kind)) return `has no part ${kind}.${suggestion(kind, KINDS)}`;
  if (kind === 'choice')
    return Array.isArray(value) ? readValues(value) : `is choice of ${shown(value)}; allowed: ${FORMS}.`;
  return readRange(kind as Range['kind'], value);
}

function readValues(values: readonly unknown[]): Dimension | string {
  if (values.length === 0) return 'is an empty list: name the values to try, as in [1, 3].';
  const again = values.find((value, i) =>
    values.slice(0, i).some((other) => isDeepStrictEqual(other, value)),
  );
  return again === undefined
    ? { kind: 'values', values }
    : `has ${shown(again)} twice: name each value once.`;
}

function readRange(kind: Range['kind'], bounds: unknown): Dimension | string {
  const areBounds =
    Array.isArray(bounds) && bounds.length === 2 && bounds.every((bound) => Number.isFinite(bound));
  if (!areBounds) return `is ${kind} of ${shown(bounds)}; allowed: two numbers, [low, high].`;
  const [low, high] = bounds as [number, number];
  if (low >= high) return `is ${kind} of [${low}, ${high}]; allowed: low below high.`;
  if (kind === 'logUniform' && low <= 0)
    return `is logUniform of [${low}, ${high}]; allowed: bounds above 0.`;
  if (
    kind === 'integers' &&
    !(Number.isSafeInteger(low) && Number.isSafeInteger(high) && high - low < 2 ** 32)
  ) {
    return `is integers of [${low}, ${high}]; allowed: integers, at most 2³² of them.`;
  }
  return { kind, low, high };
}

/** A value as its file would write it. */
const shown = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

import type { Random } from '@qfleet/random';
import type { Dimension } from './dimension.ts';

/** What a sweep tries, by field, as `--set` names these. */
export type Space = ReadonlyMap<string, Dimension>;

/** A value for each field of a space. */
export type Setting = Readonly<Record<string, unknown>>;

/** How many settings there are; Infinity where a field has a range of real numbers. */
export const sizeOf = (space: Space): number =>
  [...space.values()].reduce((size, dimension) => size * countOf(dimension), 1);

function countOf(dimension: Dimension): number {
  if (dimension.kind === 'values') return dimension.values.length;
  return dimension.kind === 'integers' ? dimension.high - dimension.low + 1 : Number.POSITIVE_INFINITY;
}

/** All settings of a space without ranges of real numbers; the last field changes fastest. */
export function gridOf(space: Space): Setting[] {
  let settings: Setting[] = [{}];
  for (const [field, dimension] of space) {
    const values = valuesOf(dimension);
    settings = settings.flatMap((setting) => values.map((value) => ({ ...setting, [field]: value })));
  }
  return settings;
}

function valuesOf(dimension: Dimension): readonly unknown[] {
  if (dimension.kind === 'values') return dimension.values;
  const { kind, low } = dimension;
  if (kind !== 'integers') throw new RangeError(`A range of kind ${kind} has no list of values.`);
  return Array.from({ length: countOf(dimension) }, (_, i) => low + i);
}

/**
 * Settings drawn one by one, each field by itself, without repetition: more of the same stream begin with the same ones.
 *
 * @param count at most `sizeOf(space)`.
 */
export function drawSettings(space: Space, count: number, random: Random): Setting[] {
  const drawn = new Map<string, Setting>();
  while (drawn.size < count) {
    const setting = Object.fromEntries(
      [...space].map(([field, dimension]) => [field, draw(dimension, random)]),
    );
    const key = JSON.stringify(setting);
    if (!drawn.has(key)) drawn.set(key, setting);
  }
  return [...drawn.values()];
}

function draw(dimension: Dimension, random: Random): unknown {
  if (dimension.kind === 'values') return dimension.values[random.integer(dimension.values.length)];
  const { kind, low, high } = dimension;
  switch (kind) {
    case 'integers':
      return low + random.integer(high - low + 1);
    case 'uniform':
      return within(low + random.uniform() * (high - low), dimension);
    case 'logUniform':
      return within(low * (high / low) ** random.uniform(), dimension);
  }
}

/** Rounding may carry a draw over a bound. */
const within = (value: number, { low, high }: { low: number; high: number }): number =>
  Math.min(high, Math.max(low, value));

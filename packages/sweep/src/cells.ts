import { createHash } from 'node:crypto';
import { type RunConfig, withOverrides } from '@qfleet/config';
import type { Setting } from './space.ts';

/** A run of a sweep: one setting under one seed. */
export interface Cell {
  /** A hash of the complete configuration: 12 hexadecimal digits. */
  readonly id: string;
  /** The place of its setting among the sweep's. */
  readonly setting: number;
  readonly seed: number;
  readonly config: RunConfig;
}

/** A setting as `--set` takes it. */
export const overridesOf = (setting: Setting): string[] =>
  Object.entries(setting).map(([field, value]) => `${field}=${JSON.stringify(value)}`);

/**
 * The cells of a setting, one a seed.
 * @throws ConfigError where the setting makes no right configuration of `base`.
 */
export function cellsOf(base: RunConfig, setting: Setting, place: number, seeds: readonly number[]): Cell[] {
  const made = withOverrides(base, overridesOf(setting));
  return seeds.map((seed) => {
    const config = { ...made, seed };
    return { id: idOf(config), setting: place, seed, config };
  });
}

/** A configuration's hash, whatever the order of its fields. */
export const idOf = (config: RunConfig): string =>
  createHash('sha256')
    .update(JSON.stringify(ordered(config)))
    .digest('hex')
    .slice(0, 12);

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, ordered(part)]));
}

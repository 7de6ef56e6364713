import { isDeepStrictEqual } from 'node:util';
import { changesBetween, describeChange, suggestion } from '@qfleet/config';
import { UsageError } from '../errors.ts';
import type { EndedRun } from './runs.ts';

/** Runs that count as repetitions of one another. */
export interface Group {
  /** Its own. */
  readonly name: string;
  readonly runs: readonly [EndedRun, ...EndedRun[]];
}

/** Fields that a name tells of, where groups would have the same one otherwise. */
const MOST_FIELDS = 4;

/**
 * The groups of some runs, in the order in which they first appear.
 *
 * @param by `preset`: by name; a field of the configuration: by its value; undefined: runs whose whole configuration is
 *   equal but for the seed.
 * @throws UsageError for a field that no run has.
 */
export function groupRuns(runs: readonly EndedRun[], by: string | undefined): Group[] {
  if (by === undefined) return named(collected(runs, configurationOf));
  if (by === 'preset')
    return collected(runs, nameOf).map((group) => ({ name: nameOf(group[0]), runs: group }));
  const known = [...new Set(runs.flatMap(({ config }) => pathsIn(config)))];
  if (!known.includes(by)) {
    throw new UsageError(
      `--by ${by}: no run has such a field; write preset, or a field as --set names it.${nearest(by, known)}`,
    );
  }
  const fieldOf = ({ config }: EndedRun) => ({ value: valueAt(by, config) });
  return collected(runs, fieldOf).map((group) => {
    const { value } = fieldOf(group[0]);
    return { name: `${by}=${shown(value)}`, runs: group };
  });
}

/** What a field that is not there may have meant: the likeliest name under the part that is there. */
function nearest(by: string, known: readonly string[]): string {
  const names = by.split('.');
  const depth = names.findIndex((_, i) => !known.includes(names.slice(0, i + 1).join('.')));
  const part = names
    .slice(0, depth)
    .map((name) => `${name}.`)
    .join('');
  const under = known.filter((path) => path.startsWith(part)).map((path) => path.slice(part.length));
  const candidates = under.filter((path) => !path.includes('.'));
  return candidates.length === 0 ? '' : suggestion(names[depth], candidates, part);
}

const nameOf = ({ config }: EndedRun): string => config.name;

/** All that makes a run what it is, but its seed. What ended it may have been changed on the way, to train on for longer. */
const configurationOf = ({ config, summary }: EndedRun) => ({
  config: { ...config, seed: 0 },
  changes: summary.changes.filter(({ path }) => !path.startsWith('stop.')),
});

/** Runs with the same key together. */
function collected(
  runs: readonly EndedRun[],
  keyOf: (run: EndedRun) => unknown,
): [EndedRun, ...EndedRun[]][] {
  const groups: [EndedRun, ...EndedRun[]][] = [];
  for (const run of runs) {
    const group = groups.find(([first]) => isDeepStrictEqual(keyOf(first), keyOf(run)));
    if (group === undefined) groups.push([run]);
    else group.push(run);
  }
  return groups;
}

/** The groups under their runs' name; where several have it, with the fields in which they differ. */
function named(groups: readonly [EndedRun, ...EndedRun[]][]): Group[] {
  const taken = new Map<string, number>();
  return groups.map((runs) => {
    const alike = groups.filter(([other]) => nameOf(other) === nameOf(runs[0]));
    const fields = alike.length > 1 ? distinction(runs[0], alike) : [];
    const name = nameOf(runs[0]) + (fields.length === 0 ? '' : ` (${fields.join(', ')})`);
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return { name: count === 1 ? name : `${name} #${count}`, runs };
  });
}

/** What tells a run from those of other groups: values of fields in which any two of them differ, and changes on the way. */
function distinction(run: EndedRun, groups: readonly [EndedRun, ...EndedRun[]][]): string[] {
  const { config, changes } = configurationOf(run);
  const others = groups.map(([first]) => configurationOf(first).config);
  const paths = new Set(others.flatMap((other) => changesBetween(others[0], other).map(({ path }) => path)));
  const values = [...paths].map((path) => `${path}=${shown(valueAt(path, config))}`);
  const changed = changes.map(
    ({ path, from, to, updates }) => `${describeChange({ path, from, to })} at update ${updates}`,
  );
  const all = [...values, ...changed];
  return all.length > MOST_FIELDS ? [...all.slice(0, MOST_FIELDS), '…'] : all;
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every field and part of a configuration, as `--set` names them. */
const pathsIn = (value: object): string[] =>
  Object.entries(value).flatMap(([name, part]) => [
    name,
    ...(isMapping(part) ? pathsIn(part).map((path) => `${name}.${path}`) : []),
  ]);

const valueAt = (path: string, config: object): unknown =>
  path.split('.').reduce<unknown>((part, name) => (isMapping(part) ? part[name] : undefined), config);

const shown = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? 'not set');

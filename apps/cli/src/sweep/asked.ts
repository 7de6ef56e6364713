import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, parseChoices, parseYaml, readConfigFile } from '@qfleet/config';
import {
  differences,
  isSweep,
  type Plan,
  planName,
  planSweep,
  readDefinition,
  readSeeds,
  SweepDirectory,
} from '@qfleet/sweep';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { shown } from '../terminal/output.ts';
import { configurationOf } from '../train/configuration.ts';

/** The options of `qfleet sweep`. */
export interface SweepOptions {
  readonly preset?: string;
  readonly set?: readonly string[];
  readonly seeds?: string;
  readonly dir?: string;
  readonly workers?: number;
  readonly redis?: string;
  readonly retry?: true;
  readonly dryRun?: true;
  readonly trust?: true;
  readonly json?: true;
  readonly csv?: true;
}

/** A sweep that a command line asks for. */
export interface Asked {
  readonly plan: Plan;
  /** Where it is kept. */
  readonly path: string;
  /** Its directory; null: it has not begun. */
  readonly directory: SweepDirectory | null;
}

/** Where sweeps are kept unless `--dir` says otherwise. */
const FOLDER = join('runs', 'sweeps');

/**
 * What to sweep: a directory of one that has begun, a sweep's file, or what `qfleet train` takes, varied by options.
 * @throws ConfigError, SweepError, UsageError, each of which says what to mend.
 */
export function askedFor(what: string, options: SweepOptions): Asked {
  if (SweepDirectory.exists(what)) {
    refuseOptions(options, `${what} has begun already, and goes on as it is`, ['dir']);
    const directory = SweepDirectory.open(what);
    return { plan: directory.plan, path: what, directory };
  }
  const plan = planOf(what, options);
  const path = options.dir ?? join(FOLDER, plan.definition.name);
  if (!SweepDirectory.exists(path)) return { plan, path, directory: null };
  const directory = SweepDirectory.open(path);
  const changes = differences(directory.plan, plan);
  if (changes.length > 0) {
    throw new UsageError(
      `${shown(directory.path)} began with another sweep (${changes.join('; ')}): keep this one elsewhere with --dir, or go on ` +
        `with that one by \`${suggest('sweep', shown(directory.path))}\`.`,
    );
  }
  return { plan: directory.plan, path, directory };
}

function planOf(what: string, options: SweepOptions): Plan {
  const file = sweepFile(what);
  if (file !== null) {
    refuseOptions(options, `${what} says what is swept`);
    const parsed = readDefinition(file, what);
    const { train, preset, set } = parsed.value;
    return planSweep(parsed, baseOf(train, preset, set));
  }
  const { set, space } = varied(options.set ?? []);
  const seeds = options.seeds === undefined ? null : readSeeds(options.seeds);
  if (typeof seeds === 'string') throw new UsageError(`--seeds ${seeds}`);
  const preset = options.preset ?? null;
  const base = baseOf(what, preset, set);
  const value = { name: 'sweep', train: what, preset, set, space, seeds };
  const plan = planSweep(readDefinition({ value, place: () => '' }, null), base);
  return { ...plan, definition: { ...plan.definition, name: planName(plan) } };
}

/** A sweep's file, read; null: it is something else. */
function sweepFile(what: string): ReturnType<typeof parseYaml> | null {
  if (!/\.ya?ml$/.test(what)) {
    if (existsSync(join(what, 'run.json'))) {
      throw new UsageError(`${what} is the directory of a run; one like it is swept by its config.yaml.`);
    }
    return null;
  }
  const yaml = parseYaml(readConfigFile(what), what);
  return isSweep(yaml) ? yaml : null;
}

function baseOf(train: string, preset: string | null, set: Readonly<Record<string, unknown>>): Plan['base'] {
  const overrides = Object.entries(set).map(([field, value]) => `${field}=${JSON.stringify(value)}`);
  return configurationOf(train, { set: overrides, ...(preset === null ? {} : { preset }) });
}

/** Options of one value are for all cells; those of several are what is varied. */
function varied(options: readonly string[]): {
  set: Record<string, unknown>;
  space: Record<string, unknown>;
} {
  const parsed = options.map(parseChoices);
  const problems = parsed.filter((option) => typeof option === 'string');
  if (problems.length > 0) throw new ConfigError(problems);
  const [set, space]: Record<string, unknown>[] = [{}, {}];
  for (const option of parsed) {
    if (typeof option === 'string') continue;
    const field = option.path.join('.');
    if (field in set || field in space)
      throw new UsageError(`--set ${field} is given twice: name its values in one.`);
    if (option.value.length === 1) set[field] = option.value[0];
    else space[field] = option.value;
  }
  return { set, space };
}

/** @throws UsageError where an option would say again what is said already. */
function refuseOptions(options: SweepOptions, why: string, more: readonly (keyof SweepOptions)[] = []): void {
  const given = (['preset', 'set', 'seeds', ...more] as const).filter((name) => options[name] !== undefined);
  if (given.length > 0) throw new UsageError(`${why}: leave --${given[0]} out.`);
}

import { existsSync } from 'node:fs';
import { type ConfigSource, loadRunConfig, presetFor, type RunConfig } from '@qfleet/config';
import { findEnvironment, listEnvironments } from '@qfleet/envs';
import { isModule } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';

/** The options of `qfleet train`. */
export interface TrainOptions {
  readonly set?: readonly string[];
  readonly actors?: number;
  readonly single?: true;
  readonly redis?: string;
  readonly seed?: number;
  readonly runDir?: string;
  readonly maxUpdates?: number;
  readonly maxSteps?: number;
  readonly maxSeconds?: number;
  readonly from?: string;
  readonly detach?: true;
  readonly json?: true;
}

/** What `qfleet train` was told to train: a file's kind follows from the ending of its name. */
function sourceOf(what: string): ConfigSource {
  if (/\.ya?ml$/.test(what)) return { file: what };
  if (isModule(what)) return { environmentModule: what };
  const environments = listEnvironments();
  const environment = environments.find(({ id }) => id === what);
  // Some ids have a slash, as paths do: one that begins as they do is a misspelt id, which names the nearest.
  const family = (id: string): string => id.split('/')[0].toLowerCase();
  const isFamily = environments.some(({ id }) => id.includes('/') && family(id) === family(what));
  if (environment === undefined && isFamily && !existsSync(what)) findEnvironment(what);
  if (environment === undefined && (what.includes('/') || existsSync(what))) {
    throw new UsageError(
      `${what} is neither a preset (see \`${suggest('presets')}\`) nor an environment (see \`${suggest('envs')}\`) nor a .yaml configuration nor a .ts or .js environment.`,
    );
  }
  if (environment === undefined) return { preset: what };
  const preset = presetFor(what);
  if (preset !== undefined) return { preset };
  const { id, observationSpace, maxEpisodeSteps, solvedReturn } = environment;
  return {
    environment: { id, isDiscrete: observationSpace.kind === 'discrete', maxEpisodeSteps, solvedReturn },
  };
}

/** The options that are fields of the configuration, most by another name. */
export type Overrides = Pick<
  TrainOptions,
  'set' | 'actors' | 'seed' | 'maxUpdates' | 'maxSteps' | 'maxSeconds'
>;

/** The overrides that options stand for; `--set` comes last and so wins. */
export function overridesOf(options: Overrides): string[] {
  const named: [string, number | undefined][] = [
    ['fleet.actors', options.actors],
    ['seed', options.seed],
    ['stop.maxUpdates', options.maxUpdates],
    ['stop.maxSteps', options.maxSteps],
    ['stop.maxSeconds', options.maxSeconds],
  ];
  const given = named.filter(([, value]) => value !== undefined).map(([path, value]) => `${path}=${value}`);
  return [...given, ...(options.set ?? [])];
}

/** What `fleet.slots` takes: where more is needed, the complaint is to be about the actors that were asked for. */
const MOST_SLOTS = 65_536;

/**
 * `--actors` asks for processes, not for a count of slots: the run gets at least twice the slots that they hold, so that
 * some are left for actors that are added later.
 */
function slotsFor(source: ConfigSource, overrides: readonly string[], actors: number | undefined): string[] {
  if (actors === undefined || overrides.some((override) => override.startsWith('fleet.slots='))) return [];
  const { slots, slotsPerActor } = loadRunConfig(source, overrides).fleet;
  const wanted = Math.min(MOST_SLOTS, 2 * actors * slotsPerActor);
  return wanted > slots ? [`fleet.slots=${wanted}`] : [];
}

/** One sentence on what trains an environment that was named by its id; null: it is as it was asked for. */
export function choiceNote(what: string): string | null {
  const source = sourceOf(what);
  if ('preset' in source && source.preset !== what)
    return `${what} is trained by the preset ${source.preset}.`;
  if (!('environment' in source)) return null;
  const agent = source.environment.isDiscrete ? 'tabular Q-learning' : 'DQN';
  return `No preset trains ${what}: it is trained by ${agent} with defaults.`;
}

/**
 * The configuration that a command line asks for.
 * @throws ConfigError with every problem, a line each.
 */
export function configurationOf(what: string, options: TrainOptions): RunConfig {
  const source = sourceOf(what);
  const { actors, ...others } = options;
  const overrides = overridesOf(options);
  return loadRunConfig(source, [...slotsFor(source, overridesOf(others), actors), ...overrides]);
}

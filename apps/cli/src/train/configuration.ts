import { existsSync } from 'node:fs';
import {
  type ConfigSource,
  isLike,
  learnsFromRounds,
  listPresets,
  loadRunConfig,
  type Method,
  presetFor,
  type RunConfig,
  torsoOf,
} from '@qfleet/config';
import { isBridged } from '@qfleet/env-host';
import {
  environmentsLike,
  findEnvironment,
  isTextEnvironment,
  listEnvironments,
  listTextEnvironments,
} from '@qfleet/envs';
import { isModule } from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { pythonPath } from '../named-python.ts';
import { suggest } from '../suggest.ts';
import { modelOverrides } from '../text/model-overrides.ts';
import { knownEnvironment } from './known-environment.ts';

/** The options of `qfleet train`. */
export interface TrainOptions {
  readonly preset?: string;
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
  readonly offline?: readonly string[];
  readonly keepReplay?: true;
  readonly detach?: true;
  readonly data?: string;
  readonly model?: string;
  readonly context?: number;
  readonly python?: string;
  readonly json?: true;
}

/**
 * What `qfleet train` was told to train: a file's kind follows from the ending of its name. Gymnasium was asked before
 * (`askGymnasium`).
 */
function sourceOf(what: string): ConfigSource {
  if (/\.ya?ml$/.test(what)) return { file: what };
  if (isModule(what)) return { environmentModule: what };
  const environments = [...listEnvironments(), ...listTextEnvironments()];
  const environment = isBridged(what) ? knownEnvironment(what) : environments.find(({ id }) => id === what);
  // Some ids have a slash, as paths do: one that begins as they do is a misspelt id, which names the nearest.
  const family = (id: string): string => id.split('/')[0].toLowerCase();
  const isFamily = environments.some(({ id }) => id.includes('/') && family(id) === family(what));
  if (environment === undefined && isFamily && !existsSync(what)) findEnvironment(what);
  const isPreset = listPresets().some(({ name }) => name === what);
  // A preset's name may be that of a directory too, as of the run that it has made.
  if (environment === undefined && !isPreset && (what.includes('/') || existsSync(what))) {
    throw new UsageError(
      `${what} is neither a preset (see \`${suggest('presets')}\`) nor an environment (see \`${suggest('envs')}\`) nor a .yaml configuration nor a .ts or .js environment.`,
    );
  }
  if (environment === undefined) return { preset: presetCalled(what) };
  const preset = presetFor(what);
  if (preset !== undefined) return { preset };
  if (!('observationSpace' in environment)) return { environment: { id: environment.id, speaks: true } };
  const { id, observationSpace, maxEpisodeSteps, solvedReturn } = environment;
  return {
    environment: { id, isDiscrete: observationSpace.kind === 'discrete', maxEpisodeSteps, solvedReturn },
  };
}

/** @throws UsageError where there is no such preset, and the name is rather one of an environment. */
function presetCalled(what: string): string {
  const names = listPresets().map(({ name }) => name);
  const like = environmentsLike(what);
  if (!names.includes(what) && like.length > 0 && !isLike(what, names)) {
    throw new UsageError(`There is no preset or environment ${what}. Did you mean ${like.join(', ')}?`);
  }
  return what;
}

/** The options that are fields of the configuration, most by another name. */
export type Overrides = Pick<
  TrainOptions,
  'set' | 'actors' | 'seed' | 'maxUpdates' | 'maxSteps' | 'maxSeconds' | 'python'
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
  const python = options.python === undefined ? [] : [pythonOverride(options.python)];
  return [...given, ...python, ...(options.set ?? [])];
}

const pythonOverride = (named: string): string =>
  `environment.gymnasium.python=${JSON.stringify(pythonPath(named))}`;

/** What `fleet.slots` takes: where more is needed, the complaint is to be about the actors that were asked for. */
const MOST_SLOTS = 65_536;

/**
 * `--actors` asks for processes, not for a count of slots: the run gets at least twice the slots that they hold, so that
 * some are left for actors that are added later.
 */
function slotsFor(
  source: ConfigSource,
  overrides: readonly string[],
  actors: number | undefined,
  method: Method | null,
): string[] {
  if (actors === undefined || overrides.some((override) => override.startsWith('fleet.slots='))) return [];
  const config = loadRunConfig(source, overrides, method);
  // Rounds have as many slots as copies.
  if (learnsFromRounds(config)) return [];
  const { slots, slotsPerActor } = config.fleet;
  const wanted = Math.min(MOST_SLOTS, 2 * actors * slotsPerActor);
  return wanted > slots ? [`fleet.slots=${wanted}`] : [];
}

/** The method that `--preset` names, and what is known of the observations that it is to learn from. */
function methodOf(source: ConfigSource, preset: string | undefined): Method | null {
  if (preset === undefined) return null;
  const { environment } = loadRunConfig(source);
  if (environment.module !== undefined || isTextEnvironment(environment.id))
    return { preset, observation: null };
  const { observationSpace } = knownEnvironment(environment.id);
  return { preset, observation: observationSpace.kind === 'box' ? observationSpace.shape : [] };
}

/** One sentence on what trains an environment that was named by its id, or by a method; null: it is as it was asked for. */
export function choiceNote(what: string, options: Pick<TrainOptions, 'preset'> = {}): string | null {
  const source = sourceOf(what);
  if (options.preset !== undefined) return torsoNote(source, options.preset);
  if ('preset' in source && source.preset !== what)
    return `${what} is trained by the preset ${source.preset}.`;
  if (!('environment' in source)) return null;
  if (source.environment.speaks === true)
    return `No preset trains ${what}: it is trained by ILQL on its own dialogues, with defaults.`;
  const agent = source.environment.isDiscrete ? 'tabular Q-learning' : 'DQN';
  return `No preset trains ${what}: it is trained by ${agent} with defaults.`;
}

/** That a method takes another torso for these observations than its own; null: it does not. */
function torsoNote(source: ConfigSource, preset: string): string | null {
  const { agent, environment } = loadRunConfig(source, [], methodOf(source, preset));
  const own = torsoOf(preset);
  if (own === null || agent.kind !== 'dqn' || agent.network.kind === own) return null;
  return `${preset} takes the torso ${agent.network.kind} in place of ${own}, which does not suit the observations of ${environment.id}.`;
}

/**
 * The configuration that a command line asks for.
 * @throws ConfigError with every problem, a line each.
 */
export function configurationOf(what: string, options: TrainOptions): RunConfig {
  const source = sourceOf(what);
  const { actors, ...others } = options;
  const overrides = overridesOf(options);
  const method = methodOf(source, options.preset);
  const slots = slotsFor(source, overridesOf(others), actors, method);
  const model = modelOverrides(options, () => loadRunConfig(source, [], method));
  return loadRunConfig(source, [...slots, ...model, ...overrides], method);
}

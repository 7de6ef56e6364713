import {
  ConfigError,
  type ConfigSource,
  loadRunConfig,
  presetFor,
  type RunConfig,
  type RunConfigInput,
  runConfigOf,
  withOverrides,
} from '@qfleet/config';
import { isBridged, provideEnvironment, resolveAnyEnvironment } from '@qfleet/env-host';
import {
  adaptDefinition,
  type EnvironmentDefinition,
  isText,
  listEnvironments,
  listTextEnvironments,
  type TextDefinition,
} from '@qfleet/envs';

/**
 * A configuration as `config.yaml` has it. The environment may be one of this process's own, made by `defineEnvironment`. Where no
 * agent is given, the fields go over the defaults that `qfleet train` has for the environment.
 */
export type TrainConfig = Omit<RunConfigInput, 'environment' | 'agent'> & {
  readonly environment: RunConfigInput['environment'] | EnvironmentDefinition;
  readonly agent?: RunConfigInput['agent'] | undefined;
};

/** Settings by their paths, as `qfleet train --set` takes them. */
export type Settings = Readonly<Record<string, unknown>>;

/** The overrides that settings stand for: JSON is YAML. */
export const overridesOf = (settings: Settings = {}): string[] =>
  Object.entries(settings).map(([path, value]) => `${path}=${JSON.stringify(value)}`);

/**
 * The whole configuration that a run is asked for by.
 *
 * @param what a preset, the id of an environment, the path of a .yaml or of a module, or a configuration.
 * @param preset of a method that the run trains by, as `qfleet train --preset` has it.
 * @throws ConfigError with every problem; EnvironmentDefinitionError.
 */
export async function configurationOf(
  what: string | TrainConfig,
  settings?: Settings,
  preset?: string,
): Promise<RunConfig> {
  const overrides = overridesOf(settings);
  if (typeof what === 'string') {
    const source = await sourceOf(what, overrides);
    if (preset === undefined) return loadRunConfig(source, overrides);
    const observation = await observationOf(loadRunConfig(source));
    return loadRunConfig(source, overrides, { preset, observation });
  }
  if (preset !== undefined)
    throw new ConfigError([
      `A configuration says how it trains, and preset is given too (${preset}): name an environment instead.`,
    ]);
  const config = runConfigOf(await wholeOf(what), 'The configuration');
  return overrides.length === 0 ? config : withOverrides(config, overrides);
}

/** The shape of observations, which a method chooses its torso by; null: not of numbers. */
async function observationOf({ environment }: RunConfig): Promise<readonly number[] | null> {
  const definition = await resolveAnyEnvironment(environment);
  if (isText(definition)) return null;
  const { observationSpace } = definition;
  return observationSpace.kind === 'box' ? observationSpace.shape : [];
}

/** A configuration with its environment by id, and an agent. */
async function wholeOf(given: TrainConfig): Promise<unknown> {
  const { environment, agent } = given;
  const own = isDefinition(environment) ? provided(environment) : null;
  const named = own === null ? given : { ...given, environment: { id: own.id } };
  const { id, module } = (named.environment ?? {}) as { id?: unknown; module?: unknown };
  if (agent !== undefined || typeof id !== 'string') return named;
  const base = loadRunConfig(
    typeof module === 'string'
      ? { environmentModule: module }
      : own === null
        ? await sourceOf(id)
        : environmentSource(own),
  );
  const merged = { ...base, environment: { ...(own === null ? base.environment : { id }) } } as Record<
    string,
    unknown
  >;
  for (const [name, value] of Object.entries(named)) {
    merged[name] = isSection(value) && isSection(merged[name]) ? { ...merged[name], ...value } : value;
  }
  return merged;
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isDefinition = (value: TrainConfig['environment']): value is EnvironmentDefinition =>
  typeof value === 'object' && value !== null && 'create' in value;

function provided(environment: EnvironmentDefinition): EnvironmentDefinition {
  const definition = adaptDefinition(environment, 'environment of the configuration');
  provideEnvironment(definition);
  return definition;
}

function environmentSource(definition: EnvironmentDefinition | TextDefinition): ConfigSource {
  if (isText(definition)) return { environment: { id: definition.id, speaks: true } };
  const { id, observationSpace, maxEpisodeSteps, solvedReturn } = definition;
  return {
    environment: { id, isDiscrete: observationSpace.kind === 'discrete', maxEpisodeSteps, solvedReturn },
  };
}

/** What a text names, by its ending or as one of what there is; Gymnasium is asked for what it plays. */
async function sourceOf(what: string, overrides: readonly string[] = []): Promise<ConfigSource> {
  if (/\.ya?ml$/.test(what)) return { file: what };
  if (/\.[cm]?[jt]s$/.test(what)) return { environmentModule: what };
  const isNative = [...listEnvironments(), ...listTextEnvironments()].some(({ id }) => id === what);
  if (!isNative && !isBridged(what)) return { preset: what };
  const preset = presetFor(what);
  if (preset !== undefined) return { preset };
  const any = { id: what, isDiscrete: false, maxEpisodeSteps: null, solvedReturn: null };
  // Native ones have no settings of Gymnasium, and the others' say which Python plays them.
  const { gymnasium } = loadRunConfig(
    { environment: any },
    isNative ? [] : gymnasiumOf(overrides),
  ).environment;
  return environmentSource(await resolveAnyEnvironment({ id: what, gymnasium }));
}

const gymnasiumOf = (overrides: readonly string[]): string[] =>
  overrides.filter((each) => each.startsWith('environment.gymnasium'));

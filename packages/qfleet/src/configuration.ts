import {
  type ConfigSource,
  loadRunConfig,
  presetFor,
  type RunConfig,
  type RunConfigInput,
  runConfigOf,
  withOverrides,
} from '@qfleet/config';
import { provideEnvironment } from '@qfleet/env-host';
import { adaptDefinition, type EnvironmentDefinition, listEnvironments } from '@qfleet/envs';

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
 * @throws ConfigError with every problem; EnvironmentDefinitionError.
 */
export function configurationOf(what: string | TrainConfig, settings?: Settings): RunConfig {
  const overrides = overridesOf(settings);
  if (typeof what === 'string') return loadRunConfig(sourceOf(what), overrides);
  const config = runConfigOf(wholeOf(what), 'The configuration');
  return overrides.length === 0 ? config : withOverrides(config, overrides);
}

/** A configuration with its environment by id, and an agent. */
function wholeOf(given: TrainConfig): unknown {
  const { environment, agent } = given;
  const own = isDefinition(environment) ? provided(environment) : null;
  const named = own === null ? given : { ...given, environment: { id: own.id } };
  const { id, module } = (named.environment ?? {}) as { id?: unknown; module?: unknown };
  if (agent !== undefined || typeof id !== 'string') return named;
  const base = loadRunConfig(
    typeof module === 'string'
      ? { environmentModule: module }
      : own === null
        ? sourceOf(id)
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

const environmentSource = ({
  id,
  observationSpace,
  maxEpisodeSteps,
  solvedReturn,
}: EnvironmentDefinition): ConfigSource => ({
  environment: { id, isDiscrete: observationSpace.kind === 'discrete', maxEpisodeSteps, solvedReturn },
});

/** What a text names, by its ending or as one of what there is. */
function sourceOf(what: string): ConfigSource {
  if (/\.ya?ml$/.test(what)) return { file: what };
  if (/\.[cm]?[jt]s$/.test(what)) return { environmentModule: what };
  const environment = listEnvironments().find(({ id }) => id === what);
  if (environment === undefined) return { preset: what };
  const preset = presetFor(what);
  return preset === undefined ? environmentSource(environment) : { preset };
}

import type { RunConfig } from '@qfleet/config';
import {
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  findEnvironment,
  wrapEnvironment,
} from '@qfleet/envs';

/**
 * The environment of a run's configuration, with its wrappers.
 *
 * @param definition that of a module, which nothing here can load. Default: the native one of the configuration's id.
 * @throws EnvironmentDefinitionError where there is none.
 */
export function openEnvironment(
  { environment }: RunConfig,
  definition?: EnvironmentDefinition,
): EnvironmentDefinition {
  const { id, options, module } = environment;
  if (definition === undefined && module !== undefined) {
    throw new EnvironmentDefinitionError(
      `Environment ${id} is that of a module, ${module}: give its definition.`,
    );
  }
  return wrapEnvironment(definition ?? findEnvironment(id, options), environment);
}

import { fileURLToPath } from 'node:url';
import {
  allocateObservations,
  createVectorEnvironment,
  type EnvironmentDefinition,
  EnvironmentDefinitionError,
  type EnvironmentOptions,
  observationSize,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { defaultBridge, type EnvironmentDescription, resolveEnvironment } from '../src/index.ts';

/** Lets workers import the environments of `fixtures/python`. */
process.env['PYTHONPATH'] = fileURLToPath(new URL('fixtures/python', import.meta.url));

/** Why Gymnasium is not to be had here; null: it is. */
export async function whyNoGymnasium(id = 'gym:CartPole-v1'): Promise<string | null> {
  try {
    await resolveEnvironment({ id });
    return null;
  } catch (error) {
    if (
      error instanceof EnvironmentDefinitionError &&
      /pip can't|no python3|can't make/.test(error.message)
    ) {
      return error.message;
    }
    throw error;
  }
}

/** An environment of `fixtures/python`. */
export const probe = (
  name: string,
  options: EnvironmentOptions = {},
  settings: Partial<EnvironmentDescription['gymnasium']> = {},
): Promise<EnvironmentDefinition> =>
  resolveEnvironment({
    id: `gym:qfleet_probe/${name}-v0`,
    options,
    gymnasium: { ...defaultBridge, ...settings },
  });

/** Rows of a definition with the arrays that they write into, begun. */
export function openRows(definition: EnvironmentDefinition, count: number) {
  const environment = createVectorEnvironment(definition);
  const { observationSpace: space, actionSpace, masked } = definition;
  for (let i = 0; i < count; i++) environment.add(new Random(i), i, 0);
  const arrays = {
    observations: allocateObservations(space, count),
    stride: observationSize(space),
    rewards: new Float64Array(count),
    terminated: new Uint8Array(count),
    truncated: new Uint8Array(count),
    masks: masked ? new Uint8Array(count * actionSpace.n) : null,
  };
  environment.bind(arrays);
  for (let i = 0; i < count; i++) environment.reset(i);
  return { environment, arrays };
}

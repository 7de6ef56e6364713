import {
  allocateObservations,
  createVectorEnvironment,
  type EnvironmentDefinition,
  type EnvironmentOptions,
  observationSize,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { probes } from '../../../test/support/gymnasium.ts';
import { defaultBridge, type EnvironmentDescription, resolveEnvironment } from '../src/index.ts';

// Lets workers import its environments.
process.env['PYTHONPATH'] = probes;

/** An environment of `fixtures/python`. */
export const probe = (
  name: string,
  options: EnvironmentOptions = {},
  settings: Partial<EnvironmentDescription['gymnasium']> = {},
  frames = false,
): Promise<EnvironmentDefinition> =>
  resolveEnvironment({
    frames,
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

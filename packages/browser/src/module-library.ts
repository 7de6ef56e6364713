import {
  createObjective,
  expectedTarget,
  readingsOf,
  registerObjective,
  sampleUnit,
  valueAt,
} from '@qfleet/agents';
import { ConfigError } from '@qfleet/config';
import {
  box,
  defineEnvironment,
  defineTextEnvironment,
  dict,
  discrete,
  EnvironmentDefinitionError,
  EnvironmentError,
  findEnvironment,
  findTextEnvironment,
  listEnvironments,
  listTextEnvironments,
  multiDiscrete,
  tuple,
} from '@qfleet/envs';
import { categoricalHead, HiddenLayers, quantilesHead, registerNetwork, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';

/** Nothing is trained in a page: what makes optimizers is registered, and never asked for one. */
const registerOptimizer = (): void => {};
const optimizer = (): never => {
  throw new Error('A page trains nothing, so it has no optimizers.');
};

/**
 * What an environment's module may import from 'qfleet' in a page, by name: what it registers is known to the page that gives it this.
 *
 * @example
 * 'registerObjective' in moduleLibrary; // → true
 */
export const moduleLibrary: Readonly<Record<string, unknown>> = {
  ...{ adam: optimizer, rmsprop: optimizer, sgd: optimizer },
  ...{ box, categoricalHead, ConfigError, createObjective, defineEnvironment, defineTextEnvironment },
  ...{ dict, discrete, EnvironmentDefinitionError, EnvironmentError, expectedTarget, findEnvironment },
  ...{
    findTextEnvironment,
    HiddenLayers,
    listEnvironments,
    listTextEnvironments,
    multiDiscrete,
    quantilesHead,
  },
  ...{ Random, readingsOf, registerNetwork, registerObjective, registerOptimizer, sampleUnit, tuple },
  ...{ valueAt, valuesHead },
};

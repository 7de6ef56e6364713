import { type RunConfig, speaks } from '@qfleet/config';

/** What a run's environment steps are called: of an agent that speaks, each is a token. */
export const stepsName = (config: RunConfig): string => (speaks(config) ? 'agent tokens' : 'env steps');

/** What the replay of a run counts. */
export const transitionsName = (config: RunConfig): string =>
  speaks(config) ? 'agent tokens' : 'transitions';

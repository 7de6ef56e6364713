import type { DqnConfig } from '@qfleet/config';
import { expectedValue } from './expected.ts';
import type { Objective } from './objective.ts';

/** The objective of a configuration. */
export const createObjective = (config: DqnConfig): Objective => expectedValue(config);

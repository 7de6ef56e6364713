import { type DqnConfig, runSchema } from '@qfleet/config';

/** A DQN configuration with the schema's defaults for what is not given. */
export function dqnConfig(fields: object): DqnConfig {
  return runSchema.shape.agent.parse({ ...fields, kind: 'dqn' }) as DqnConfig;
}

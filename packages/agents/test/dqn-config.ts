import { type DqnConfig, runSchema } from '@qfleet/config';

/** A DQN configuration with defaults for what is not given, checked by the run's schema. */
export function dqnConfig(fields: Record<string, unknown> = {}): DqnConfig {
  return runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'dqn', ...fields } }).agent as DqnConfig;
}

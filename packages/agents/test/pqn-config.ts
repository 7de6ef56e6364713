import { type PqnConfig, runSchema } from '@qfleet/config';

/** A PQN configuration with defaults for what is not given, checked by the run's schema. */
export function pqnConfig(fields: Readonly<Record<string, unknown>> = {}): PqnConfig {
  return runSchema.parse({ environment: { id: 'x' }, agent: { kind: 'pqn', ...fields } }).agent as PqnConfig;
}

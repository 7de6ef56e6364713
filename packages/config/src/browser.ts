/** What of this package runs without Node: a configuration as text or as JSON, checked. */
export { ConfigError } from './errors.ts';
export { parseRunConfig, runConfigOf } from './parse-run-config.ts';
export { Registered } from './registered.ts';
export type * from './schema/run.ts';
export { beginsWithModel, speaks } from './schema/run.ts';

export { type Change, checkChanges, describeChange } from './changes.ts';
export type { KnownEnvironment } from './environment-config.ts';
export { ConfigError } from './errors.ts';
export { type ConfigSource, loadRunConfig, parseRunConfig, runConfigOf } from './load.ts';
export { listPresets, presetFor } from './presets.ts';
export * from './schema/run.ts';
export { toYaml } from './to-yaml.ts';

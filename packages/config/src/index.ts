export { type Change, checkChanges, describeChange } from './changes.ts';
export { ConfigError } from './errors.ts';
export { type ConfigSource, loadRunConfig, parseRunConfig, runConfigOf } from './load.ts';
export { type KnownEnvironment, listPresets, presetFor } from './presets.ts';
export * from './schema.ts';
export { toYaml } from './to-yaml.ts';

export { type Change, changesBetween, checkChanges, describeChange } from './changes.ts';
export type { KnownEnvironment } from './environment-config.ts';
export { ConfigError } from './errors.ts';
export { type ConfigSource, loadRunConfig, parseRunConfig, presetByName, runConfigOf } from './load.ts';
export { type Method, torsoOf } from './method.ts';
export { suggestion } from './nearest.ts';
export { listPresets, presetFor } from './presets.ts';
export * from './schema/run.ts';
export { toYaml } from './to-yaml.ts';

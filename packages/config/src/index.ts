export { type Change, changesBetween, checkChanges, describeChange } from './changes.ts';
export { endsAtMaxUpdates } from './checks.ts';
export type { KnownEnvironment } from './environment-config.ts';
export { ConfigError } from './errors.ts';
export { fleetOf } from './fleet-of.ts';
export { learningBegins } from './learning-begins.ts';
export {
  actionMethods,
  type ConfigSource,
  loadRunConfig,
  presetByName,
  readConfigFile,
  spokenMethods,
} from './load.ts';
export { type Method, torsoOf } from './method.ts';
export { isLike, suggestion } from './nearest.ts';
export { parseChoices } from './overrides.ts';
export { type Parsed, parseAs } from './parse-as.ts';
export { parseRunConfig, runConfigOf, withOverrides } from './parse-run-config.ts';
export { type ParsedYaml, parseYaml } from './parse-yaml.ts';
export { type PresetValue, presetValues } from './preset-values.ts';
export { listPresets, presetFor } from './presets.ts';
export { configReference, type KindOf, type ReferenceField } from './reference.ts';
export { Registered } from './registered.ts';
export { replayRunConfig } from './replay-run.ts';
export * from './schema/run.ts';
export { toYaml } from './to-yaml.ts';

import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, resolve } from 'node:path';
import { environmentConfig, type KnownEnvironment, moduleConfig } from './environment-config.ts';
import { ConfigError } from './errors.ts';
import { type Method, methodFor, methodUnder } from './method.ts';
import { checkRunConfig } from './parse-run-config.ts';
import { parseYaml } from './parse-yaml.ts';
import { isMethod, listPresets, presetConfig } from './presets.ts';
import { beginsWithModel, type RunConfig, type RunConfigInput, speaks } from './schema/run.ts';

/**
 * Where a configuration comes from: a preset's name, a YAML file, a native environment, or a module that exports one.
 */
export type ConfigSource =
  | { readonly preset: string }
  | { readonly file: string }
  | { readonly environment: KnownEnvironment }
  | { readonly environmentModule: string };

/**
 * The complete, checked configuration of a run.
 *
 * @param overrides as given to `--set`: `path=value`, the value in YAML. A changed `kind` starts its part afresh, with
 *   the new kind's defaults.
 * @param method what it is trained by, whatever the preset of the environment says of that; a user's file counts above it.
 * @throws ConfigError with every problem, a line each.
 */
export function loadRunConfig(
  source: ConfigSource,
  overrides: readonly string[] = [],
  method: Method | null = null,
): RunConfig {
  if ('file' in source) return loadFile(source.file, overrides, method);
  const given = { ...saidBy(source) };
  const value = method === null ? given : methodFor(method, given);
  return checkRunConfig({ value, place: () => '' }, overrides);
}

/**
 * The complete configuration of a preset of either kind, to compare with another: a method's is that of no environment.
 * @throws ConfigError where there is none of this name.
 */
export function presetByName(name: string): RunConfig {
  if (!isMethod(name)) return loadRunConfig({ preset: name });
  return checkRunConfig(
    {
      value: methodFor({ preset: name, observation: null }, { ...moduleConfig('any') }),
      place: () => '',
    },
    [],
  );
}

/** The names of the methods of agents that choose actions: those of agents that speak are not among them. */
export const actionMethods = (): string[] => methods().filter((name) => !speaks(presetByName(name)));

/** The names of the methods of agents that speak. */
export const spokenMethods = (): string[] => methods().filter((name) => speaks(presetByName(name)));

const methods = (): string[] =>
  listPresets()
    .filter(({ kind }) => kind === 'method')
    .map(({ name }) => name);

/** What a source other than a file says. */
function saidBy(source: Exclude<ConfigSource, { file: string }>): RunConfigInput | Record<string, unknown> {
  if ('preset' in source) return presetConfig(source.preset);
  if ('environment' in source) return environmentConfig(source.environment);
  const module = resolve(source.environmentModule);
  if (!existsSync(module))
    throw new ConfigError([`There is no file ${module}: it should export an environment.`]);
  return moduleConfig(basename(module, extname(module)), module);
}

function loadFile(file: string, overrides: readonly string[], method: Method | null): RunConfig {
  const { value, place } = parseYaml(readConfigFile(file), file);
  const config = checkRunConfig(
    { value: method === null ? value : methodUnder(method, value), place },
    overrides,
  );
  const { module } = config.environment;
  // A path in a file is meant from where the file is.
  if (module !== undefined) config.environment.module = resolve(dirname(file), module);
  if (beginsWithModel(config)) {
    const { network } = config.agent;
    network.directory = resolve(dirname(file), network.directory);
  }
  return config;
}

/**
 * The text of a file.
 * @throws ConfigError where there is none.
 */
export function readConfigFile(file: string): string {
  try {
    // A device or a pipe may have no end; a folder is refused when it is read.
    const stat = statSync(file);
    if (stat.isFile() || stat.isDirectory()) return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const known: Record<string, string> = { ENOENT: 'there is no such file', EISDIR: 'it is a directory' };
    const why = known[code ?? ''] ?? `it cannot be read (${code})`;
    throw new ConfigError([`${file}: ${why}.`]);
  }
  throw new ConfigError([`${file}: it is a device or a pipe, and no file.`]);
}

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Change, describeChange, loadRunConfig, type RunConfig } from '@qfleet/config';
import type { RunDirectory } from '@qfleet/report';
import type { Checkpoint } from '@qfleet/training';
import { UsageError } from '../errors.ts';
import { pythonPath } from '../named-python.ts';
import { integer } from '../terminal/output.ts';
import { type Overrides, overridesOf } from './configuration.ts';

/** The options of `qfleet resume` that change what the run was configured to be. */
export interface RevisionOptions extends Overrides {
  /** Where the environment's module is now. */
  readonly env?: string;
}

/**
 * A run's configuration as `config.yaml` has it now, with the options of a command over it.
 *
 * @throws ConfigError, UsageError
 */
export function revisedConfig(directory: RunDirectory, options: RevisionOptions): RunConfig {
  const overrides = overridesOf(options);
  const config =
    overrides.length === 0
      ? structuredClone(directory.config)
      : loadRunConfig({ file: join(directory.path, 'config.yaml') }, overrides);
  const { module } = config.environment;
  // The directory knows of a module that moved together with it.
  const found = module === undefined || existsSync(module) ? module : directory.config.environment.module;
  return withModule({ ...config, environment: { ...config.environment, module: found } }, options.env);
}

/**
 * A configuration whose environment's module is there.
 *
 * @param path of the module, where it moved.
 * @throws UsageError where there is no such module, or the environment is of none.
 */
export function withModule(config: RunConfig, path: string | undefined): RunConfig {
  const { id, module } = config.environment;
  if (path !== undefined && module === undefined) {
    throw new UsageError(`${id} comes with Qfleet and has no module: leave --env out.`);
  }
  if (module === undefined) return config;
  const file = resolve(path ?? module);
  if (!existsSync(file)) {
    throw new UsageError(
      path === undefined
        ? `There is no environment module ${file}: say with --env PATH where it is now.`
        : `There is no environment module ${path}.`,
    );
  }
  return { ...config, environment: { ...config.environment, module: file } };
}

/** A configuration with the Python that `--python` names; undefined: as it is. */
export function withPython(config: RunConfig, named: string | undefined): RunConfig {
  if (named === undefined) return config;
  const gymnasium = { ...config.environment.gymnasium, python: pythonPath(named) };
  return { ...config, environment: { ...config.environment, gymnasium } };
}

/** What changes and from when on, for people. */
export const describeChanges = (changes: readonly Change[], from: Checkpoint | null): string =>
  `From update ${integer(from?.updates ?? 0)} on, ${changes.map(describeChange).join(', ')}.`;

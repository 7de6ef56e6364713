import { resolve } from 'node:path';
import { loadRunConfig, type RunConfig } from '@qfleet/config';
import { importsPackage } from '@qfleet/env-host';
import type { RedisClient } from '@qfleet/replay';
import { FleetConfigurationError } from '../errors.ts';
import type { RunRecord } from '../records/run.ts';
import { urlOf } from '../redis/connect.ts';
import { addressOf, displayUrl } from '../redis/redis-url.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * A run's configuration as this machine runs it. What is imported as code and whom a password is sent to comes from the
 * process's own environment; the record in Redis says only that there is a module, and which of the named servers are
 * shards of the replay.
 *
 * @param redis the run's own server.
 * @throws FleetConfigurationError that says which variable to set.
 */
export function ownConfig({ run, config }: RunRecord, redis: RedisClient, env: Env = process.env): RunConfig {
  const shards = ownShards(run, config.replay.shards, redis, () => namedShards(env));
  const replay = { ...config.replay, shards };
  const gymnasium = { ...config.environment.gymnasium, python: ownPython(env) };
  const environment = { ...config.environment, gymnasium };
  if (config.environment.module === undefined) {
    checkPackage(run, config.environment.id, env);
    return { ...config, replay, environment };
  }
  const module = ownModule(env);
  if (module === undefined) {
    throw new FleetConfigurationError(
      `Run ${run} plays an environment of a module, and a path that stands in Redis is not imported: name the module on ` +
        'this machine as QFLEET_ENV_MODULE=/path/env.ts, or a .yaml that names it as QFLEET_CONFIG.',
    );
  }
  return { ...config, replay, environment: { ...environment, module } };
}

/**
 * The servers that may be shards of the replay beside the run's own: those in QFLEET_REPLAY_SHARDS, URLs with spaces
 * between, and those in the .yaml that QFLEET_CONFIG names.
 * @throws ConfigError for a file that can't be read.
 */
export const namedShards = (env: Env = process.env): string[] => [
  ...(env['QFLEET_REPLAY_SHARDS'] ?? '').split(/\s+/).filter((url) => url !== ''),
  ...(ownFile(env)?.replay.shards ?? []),
];

/**
 * The URLs of a replay's shards, each as this process names it, its credentials included.
 * @param urls as they stand in the run's record.
 * @param named URLs that this process knows beside the run's own server; asked for only where there are shards.
 * @throws FleetConfigurationError for one that is not named.
 */
export function ownShards(
  run: string,
  urls: readonly string[],
  redis: RedisClient,
  named: () => readonly string[],
): string[] {
  if (urls.length === 0) return [];
  const server = urlOf(redis);
  const all = server === undefined ? named() : [...named(), server];
  const own = new Map(all.map((url) => [addressOf(url), url]));
  return urls.map((url) => {
    const known = own.get(addressOf(url));
    if (known !== undefined) return known;
    throw new FleetConfigurationError(
      `The record of run ${run} in Redis names a replay shard, ${displayUrl(url)}, that this process does not know: ` +
        'where it is right, add its URL to QFLEET_REPLAY_SHARDS.',
    );
  });
}

/** QFLEET_ENV_MODULE, or the module of the .yaml in QFLEET_CONFIG. */
function ownModule(env: Env): string | undefined {
  const module = env['QFLEET_ENV_MODULE'];
  return module ? resolve(module) : ownFile(env)?.environment.module;
}

/** @throws FleetConfigurationError where Python would import a package for an id that this process was not given itself. */
function checkPackage(run: string, id: string, env: Env): void {
  if (!importsPackage(id) || id === (env['QFLEET_ENV_ID'] || ownFile(env)?.environment.id)) return;
  throw new FleetConfigurationError(
    `Run ${run} plays ${id}, for which Python imports a package, and what only Redis names is not imported: where you trust ` +
      `that package, set QFLEET_ENV_ID=${id} on this machine, or name a .yaml that has this id as QFLEET_CONFIG.`,
  );
}

/** QFLEET_PYTHON, or the Python of the .yaml in QFLEET_CONFIG; null: a private one. */
function ownPython(env: Env): string | null {
  const python = env['QFLEET_PYTHON'];
  return python ? resolve(python) : (ownFile(env)?.environment.gymnasium.python ?? null);
}

/** The .yaml that QFLEET_CONFIG names; undefined where it names a preset, or nothing. */
function ownFile({ QFLEET_CONFIG: file }: Env): RunConfig | undefined {
  return file && /\.ya?ml$/.test(file) ? loadRunConfig({ file }) : undefined;
}

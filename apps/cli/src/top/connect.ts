import { existsSync } from 'node:fs';
import { fleetKeys, serversOf } from '@qfleet/fleet';
import { RunDirectory, readLaunch } from '@qfleet/report';
import { CommandError, UsageError } from '../errors.ts';
import { openRedis, type Redis } from '../fleet-redis.ts';
import { suggest } from '../suggest.ts';
import { shown } from '../terminal/output.ts';
import { trustOption } from '../trust.ts';

/** The options of `qfleet top`. */
export interface TopOptions {
  readonly redis?: string;
  readonly run?: string;
  readonly json?: true;
}

/** The run that was started last: what is watched where nothing is named. */
const LATEST = 'runs/latest';

/** The Redis and the run that `top` is to watch, and what its directory says of the shards of its replay. */
export async function findFleet(
  path: string | undefined,
  options: TopOptions,
): Promise<{ redis: Redis; run: string; shards: string[] }> {
  if (path !== undefined && options.run !== undefined) {
    throw new UsageError('A run directory names its run: leave --run out.');
  }
  const { redis: url = process.env['QFLEET_REDIS_URL'] } = options;
  if (options.run !== undefined && url === undefined) {
    throw new UsageError('--run chooses among the runs of a Redis: say with --redis which one.');
  }
  const latest = path === undefined && url === undefined && existsSync(LATEST) ? LATEST : undefined;
  const directory = (path ?? latest) === undefined ? null : RunDirectory.open((path ?? latest)!);
  if (directory === null && url === undefined) {
    throw new UsageError(`Name the fleet: ${suggest('top')} RUN_DIR, or ${suggest('top', '--redis')} URL.`);
  }
  const redis = await (options.redis === undefined && directory ? openRun(directory) : openRedis(url!));
  try {
    const run = directory?.run ?? options.run ?? (await onlyRun(redis));
    return { redis, run, shards: directory?.config.replay.shards ?? [] };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

function urlOf(directory: RunDirectory): string {
  const { mode, redis, ownRedis } = readLaunch(directory);
  if (mode === 'single') {
    throw new UsageError(`${directory.path} is trained in one process: there is no fleet to watch.`);
  }
  const url = redis ?? ownRedis;
  if (url === undefined) throw notRunning(directory);
  return url;
}

const notRunning = (directory: RunDirectory): CommandError =>
  new CommandError(
    `${shown(directory.path)} does not run now. To go on with it: ${suggest('resume', shown(directory.path), ...trustOption(directory))} ` +
      `(to watch another run: ${suggest('top')} RUN_DIR)`,
  );

/** The Redis of a run that `qfleet train` started. */
async function openRun(directory: RunDirectory): Promise<Redis> {
  return openRedis(urlOf(directory)).catch((error: Error) => {
    throw readLaunch(directory).redis === null && error.name === 'FleetError' ? notRunning(directory) : error;
  });
}

/** The one run that a Redis holds, or the one of several that is alive. */
async function onlyRun(redis: Redis): Promise<string> {
  const pattern = fleetKeys('*').run;
  const [before, after] = pattern.split('*');
  const runs: string[] = [];
  for (const server of serversOf(redis)) {
    for (let cursor = '0'; ; ) {
      const [next, keys] = await server.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      for (const key of keys) runs.push(key.slice(before.length, key.length - after.length));
      cursor = next;
      if (cursor === '0') break;
    }
  }
  if (runs.length === 0)
    throw new CommandError(`This Redis holds no run. To start one: ${suggest('train', 'cartpole')}`);
  const living: string[] = [];
  for (const run of runs) {
    if ((await redis.zcard(fleetKeys(run).processes)) > 0) living.push(run);
  }
  const candidates = living.length > 0 ? living : runs;
  if (candidates.length === 1) return candidates[0];
  throw new UsageError(
    `This Redis holds several runs: choose one with --run, of ${candidates.sort().join(', ')}.`,
  );
}

import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import { namedShards, ownShards, ReplayShards, readRun, serversOf } from '@qfleet/fleet';
import type { Layout } from '@qfleet/replay';
import {
  openRedisReplay,
  type ReplayShard,
  replayFence,
  replayMemory,
  type ShardAddress,
} from '@qfleet/replay';
import { UsageError } from '../errors.ts';
import { openRedis } from '../fleet-redis.ts';
import { findFleet } from '../top/connect.ts';
import { EndedRun } from './ended-run.ts';

/** The options of each `qfleet replay` command. */
export interface ReplayOptions {
  readonly run?: string;
  readonly json?: true;
}

export interface ReplayTarget {
  readonly run?: string;
}

/** A run's replay, for as long as a command looks at it. */
export interface OpenReplay {
  readonly run: string;
  readonly store: ReplayShard;
  readonly layout: Layout;
  /** What was played; null: the run's record is gone. */
  readonly environment: RunConfig['environment'] | null;
  /** Bytes that it takes on Redis, and all that this Redis uses. */
  memory(): Promise<{ replayBytes: number; redisBytes: number }>;
}

/**
 * Calls `use` with the replay of a run directory's fleet, or of a run on the Redis at a URL. The own Redis of a run that
 * has ended is started for it.
 */
export async function withReplay<T>(
  where: string,
  target: ReplayTarget,
  use: (replay: OpenReplay) => Promise<T>,
): Promise<T> {
  if (/^(rediss?(-cluster)?|unix):/i.test(where)) {
    return withFleetReplay(await findFleet(undefined, { redis: where, ...target }), use);
  }
  if (target.run !== undefined) throw new UsageError('A run directory names its run: leave --run out.');
  using ended = await EndedRun.open(where);
  if (ended === null) return withFleetReplay(await findFleet(where, target), use);
  try {
    const { directory, url } = ended;
    const fleet = { redis: await openRedis(url), run: directory.run, shards: directory.config.replay.shards };
    return await withFleetReplay(fleet, use);
  } finally {
    await ended.stop();
  }
}

async function withFleetReplay<T>(
  { redis, run, shards: named }: Awaited<ReturnType<typeof findFleet>>,
  use: (replay: OpenReplay) => Promise<T>,
): Promise<T> {
  try {
    const record = await readRun(redis, run);
    if (record !== null && learnsFromRounds(record.config))
      throw new UsageError(`Run ${run} learns from rounds (agent.kind pqn), and keeps no replay.`);
    const urls = ownShards(run, record?.config.replay.shards ?? [], redis, () => [
      ...named,
      ...namedShards(),
    ]);
    const shards = await ReplayShards.connect(redis, run, urls, { role: 'cli' });
    try {
      const { store, layout } = await openRedisReplay(shards.addresses);
      await takeIn(store, shards.addresses);
      const memory = async () => {
        const sums = { replayBytes: 0, redisBytes: 0 };
        for (const { redis: client, prefix } of shards.addresses) {
          sums.replayBytes += await replayMemory(client, prefix);
        }
        const clients = new Set(shards.addresses.map((address) => address.redis));
        for (const server of [...clients].flatMap(serversOf)) {
          sums.redisBytes += Number((await server.info('memory')).match(/^used_memory:(\d+)/m)?.[1]);
        }
        return sums;
      };
      const environment = record?.config.environment ?? null;
      return await use({ run, store, layout, environment, memory });
    } finally {
      shards.close();
    }
  } finally {
    redis.disconnect();
  }
}

/** Has the replay admit what its actors handed in since its learner ended; a user who may only read sees it without. */
async function takeIn(store: ReplayShard, addresses: readonly ShardAddress[]): Promise<void> {
  const fence = await replayFence(addresses);
  try {
    while (((await store.admit?.(fence)) ?? 0) > 0);
  } catch (error) {
    if (!/NOPERM|ACL failure/.test(String(error))) throw error;
  }
}

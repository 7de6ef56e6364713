import type { Layout } from '../../chunk/chunk.ts';
import { ShardedInbox } from '../sharded-inbox.ts';
import { type ReplayShard, ShardedReplayStore } from '../sharded-store.ts';
import type { Capacity, Inbox } from '../store.ts';
import { ReplayInbox } from './redis-inbox.ts';
import { RedisReplayStore } from './redis-store.ts';
import { addRefusals, type Refusals, readRefusals } from './refusals.ts';
import type { RedisClient } from './scripts.ts';

/** One shard of a replay on Redis: a client of its server or cluster, and the prefix of its keys (one hash tag). */
export interface ShardAddress {
  readonly redis: RedisClient;
  readonly prefix: string;
}

/**
 * Makes a run's replay on one or more shards, or opens the one that is there, with a capacity that they share evenly.
 * @throws Error when a shard that is there has another layout.
 */
export async function createRedisReplay(
  addresses: readonly ShardAddress[],
  layout: Layout,
  capacity: Capacity,
): Promise<ReplayShard> {
  const share = {
    transitions: Math.ceil(capacity.transitions / addresses.length),
    bytes: Math.ceil(capacity.bytes / addresses.length),
  };
  const shards = await Promise.all(
    addresses.map(({ redis, prefix }) => RedisReplayStore.create(redis, prefix, layout, share)),
  );
  return asOne(layout, shards);
}

/** The highest fencing token that any of these shards has seen; 0: none. */
export async function replayFence(addresses: readonly ShardAddress[]): Promise<number> {
  return Math.max(
    ...(await Promise.all(addresses.map(({ redis, prefix }) => RedisReplayStore.fence(redis, prefix)))),
  );
}

/** What these shards have turned away, together. */
export async function replayRefusals(addresses: readonly ShardAddress[]): Promise<Refusals> {
  return addRefusals(await Promise.all(addresses.map(({ redis, prefix }) => readRefusals(redis, prefix))));
}

/** The run's replay on these shards, and its layout. @throws ReplayMissingError when one is not there (yet). */
export async function openRedisReplay(
  addresses: readonly ShardAddress[],
): Promise<{ store: ReplayShard; layout: Layout }> {
  const shards = await Promise.all(
    addresses.map(({ redis, prefix }) => RedisReplayStore.open(redis, prefix)),
  );
  const [{ layout }] = shards;
  return { store: asOne(layout, shards), layout };
}

/**
 * An actor's end of the run's replay on these shards.
 * @param writer the name that all of its chunks carry.
 * @throws ReplayMissingError when one is not there (yet); Error when one has another layout.
 */
export async function openReplayInbox(
  addresses: readonly ShardAddress[],
  layout: Layout,
  writer: string,
): Promise<Inbox> {
  const open = ({ redis, prefix }: ShardAddress) => ReplayInbox.open(redis, prefix, layout, writer);
  const shards = await Promise.all(addresses.map(open));
  return shards.length === 1 ? shards[0] : new ShardedInbox(shards);
}

const asOne = (layout: Layout, shards: readonly RedisReplayStore[]): ReplayShard =>
  shards.length === 1 ? shards[0] : new ShardedReplayStore(layout, shards);

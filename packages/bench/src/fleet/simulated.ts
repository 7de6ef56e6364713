import { setTimeout as sleep } from 'node:timers/promises';
import { replayPrefix } from '@qfleet/fleet';
import {
  ChunkBuilder,
  createRedisReplay,
  type Layout,
  openReplayInbox,
  type ReplayShard,
  type SealedChunk,
  type ShardAddress,
  sealChunk,
} from '@qfleet/replay';
import type { Redis } from '../connect.ts';

/** What simulated actors push. */
export interface Load {
  readonly name: string;
  readonly layout: Layout;
  readonly chunkLength: number;
  /** An actor's slots: a chunk of each closes at a time, and they are appended together. */
  readonly slots: number;
  /** Chunks of all actors together. */
  readonly chunks: number;
}

export const CARTPOLE: Load = {
  name: 'CartPole-size',
  layout: { frames: 1, shape: [4], dtype: 'float32', actions: 2 },
  chunkLength: 32,
  slots: 8,
  chunks: 16_000,
};

export const FRAMES: Load = {
  name: '84×84 uint8',
  layout: { frames: 1, shape: [84, 84], dtype: 'uint8', actions: 6 },
  chunkLength: 32,
  slots: 8,
  chunks: 400,
};

/** Pre-made chunks of one writer, in the portions in which it appends them. */
export function premade(load: Load, writer: string, chunks: number): SealedChunk[][] {
  const { layout, chunkLength, slots } = load;
  const size = layout.shape.reduce((product, side) => product * side, 1);
  const observation = layout.dtype === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
  for (let i = 0; i < size; i++) observation[i] = (i * 7) % 256;
  let sequence = 0;
  const builders = Array.from({ length: slots }, (_, slot) => {
    const builder = new ChunkBuilder({ layout, writer, slot, chunkLength, sequence: () => sequence++ });
    builder.begin(observation, 0);
    return builder;
  });
  const nextOf = (builder: ChunkBuilder): SealedChunk => {
    for (;;) {
      const open = builder.push(0, 1, observation, 0, 'continues');
      if (open) return sealChunk(open);
    }
  };
  const portions: SealedChunk[][] = [];
  for (let left = chunks; left > 0; left -= slots) portions.push(builders.slice(0, left).map(nextOf));
  return portions;
}

/** A learner's pause between two looks while experience comes. */
const ADMIT_MS = 1;

/** A simulated actor: its connections, one to each server, its name, and what it will push. */
export interface Simulated {
  readonly connections: readonly Redis[];
  readonly writer: string;
  readonly portions: readonly (readonly SealedChunk[])[];
}

const addressesOf = (servers: readonly Redis[]): ShardAddress[] =>
  servers.map((redis, shard) => ({ redis, prefix: replayPrefix('bench', shard) }));

/** An empty replay for `load`, a shard on each of these servers. */
export const makeReplay = (servers: readonly Redis[], load: Load): Promise<ReplayShard> =>
  createRedisReplay(addressesOf(servers), load.layout, { transitions: 1e9, bytes: 1e12 });

/**
 * All actors hand in all they have, each with one call in flight; meanwhile `store` admits it, as a learner has it do.
 * @returns seconds of each call.
 */
export async function pushAll(
  actors: readonly Simulated[],
  load: Load,
  store: ReplayShard,
  everyMs = 0,
): Promise<number[]> {
  const taken: number[] = [];
  const admit = async (): Promise<number> => (await store.admit?.(1)) ?? 0;
  let ended = false;
  const pushing = Promise.all(
    actors.map(async ({ connections, writer, portions }, place) => {
      const inbox = await openReplayInbox(addressesOf(connections), load.layout, writer);
      const start = performance.now() + (everyMs * place) / actors.length;
      for (const [turn, portion] of portions.entries()) {
        const wait = start + turn * everyMs - performance.now();
        if (everyMs > 0 && wait > 0) await sleep(wait);
        const sentAt = performance.now();
        await inbox.handIn(portion);
        taken.push((performance.now() - sentAt) / 1000);
      }
    }),
  ).finally(() => {
    ended = true;
  });
  // It is awaited below.
  pushing.catch(() => undefined);
  while (!ended) if ((await admit()) === 0) await sleep(ADMIT_MS);
  await pushing;
  while ((await admit()) > 0);
  return taken;
}

/** The limit: the same connections set the same bytes as plain keys, as many at a time, and do nothing else. */
export async function setAll(actors: readonly Simulated[]): Promise<void> {
  await Promise.all(
    actors.map(async ({ connections, portions }, place) => {
      for (const [turn, portion] of portions.entries()) {
        const pipelines = connections.map((redis) => redis.pipeline());
        for (const [i, { buffer, byteOffset, length }] of portion.entries()) {
          const key = `limit:${place}:${turn}:${i}`;
          pipelines[(place + i) % pipelines.length].set(key, Buffer.from(buffer, byteOffset, length));
        }
        await Promise.all(pipelines.map((pipeline) => pipeline.exec()));
      }
    }),
  );
}

import { ChunkBuilder, type Layout, RedisReplayStore } from '@qfleet/replay';
import type { Redis } from '../../fleet-redis.ts';

/** What simulated actors push. */
export interface Load {
  readonly name: string;
  readonly layout: Layout;
  readonly chunkLength: number;
  /** As from an actor with so many slots, whose chunks close together. */
  readonly chunksPerAppend: number;
  /** Of all actors together. */
  readonly chunks: number;
}

export const CARTPOLE: Load = {
  name: 'CartPole-size',
  layout: { observationShape: [4], observationDType: 'float32', actions: 2 },
  chunkLength: 32,
  chunksPerAppend: 8,
  chunks: 16_000,
};

export const FRAMES: Load = {
  name: '84×84 uint8',
  layout: { observationShape: [84, 84], observationDType: 'uint8', actions: 6 },
  chunkLength: 32,
  chunksPerAppend: 8,
  chunks: 400,
};

/** Pre-made chunks of one writer, in the portions in which it appends them. */
export function premade(load: Load, writer: string, chunks: number): Uint8Array[][] {
  const { layout, chunkLength, chunksPerAppend } = load;
  const size = layout.observationShape.reduce((product, side) => product * side, 1);
  const observation = layout.observationDType === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
  for (let i = 0; i < size; i++) observation[i] = (i * 7) % 256;
  let sequence = 0;
  const builder = new ChunkBuilder({ layout, writer, slot: 0, chunkLength, sequence: () => sequence++ });
  builder.begin(observation, 0);
  const portions: Uint8Array[][] = [];
  let portion: Uint8Array[] = [];
  for (let made = 0; made < chunks; ) {
    const bytes = builder.push(0, 1, observation, 0, 'continues');
    if (!bytes) continue;
    made++;
    portion.push(bytes);
    if (portion.length === chunksPerAppend || made === chunks) {
      portions.push(portion);
      portion = [];
    }
  }
  return portions;
}

/** A simulated actor: a connection of its own, and what it will push. */
export interface Simulated {
  readonly redis: Redis;
  readonly portions: readonly (readonly Uint8Array[])[];
}

/** An empty replay for `load` under `prefix`. */
export const makeReplay = (redis: Redis, prefix: string, load: Load): Promise<RedisReplayStore> =>
  RedisReplayStore.create(redis, prefix, load.layout, { transitions: 1e9, bytes: 1e12 });

/** All actors push all they have, one append under way at a time each. @returns seconds of each append */
export async function pushAll(actors: readonly Simulated[], prefix: string, everyMs = 0): Promise<number[]> {
  const taken: number[] = [];
  await Promise.all(
    actors.map(async ({ redis, portions }, place) => {
      const store = await RedisReplayStore.open(redis, prefix);
      const start = performance.now() + (everyMs * place) / actors.length;
      for (const [turn, portion] of portions.entries()) {
        const wait = start + turn * everyMs - performance.now();
        if (everyMs > 0 && wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
        const sentAt = performance.now();
        await store.append(portion);
        taken.push((performance.now() - sentAt) / 1000);
      }
    }),
  );
  return taken;
}

/** The limit: the same connections set the same bytes as plain keys, as many at a time, and nothing else. */
export async function setAll(actors: readonly Simulated[], prefix: string): Promise<void> {
  await Promise.all(
    actors.map(async ({ redis, portions }, place) => {
      for (const [turn, portion] of portions.entries()) {
        const pipeline = redis.pipeline();
        for (const [i, bytes] of portion.entries()) {
          pipeline.set(
            `${prefix}${place}:${turn}:${i}`,
            Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
          );
        }
        await pipeline.exec();
      }
    }),
  );
}

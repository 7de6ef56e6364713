import type { RedisClient } from './scripts.ts';

/** What a replay's servers have turned away at the door since the replay was made. */
export interface Refusals {
  /** Chunks that are none, or whose header is damaged. */
  readonly corrupt: number;
  /** Chunks of another version of the format. */
  readonly format: number;
  /** Chunks of another layout. */
  readonly layout: number;
  /** Chunks larger than all of the replay may be. */
  readonly size: number;
  /** Processes that wanted to join with another layout. */
  readonly process: number;
}

const NAMES = [
  'corrupt',
  'format',
  'layout',
  'size',
  'process',
] as const satisfies readonly (keyof Refusals)[];

/** Zeros where there is no replay under `prefix`. */
export async function readRefusals(redis: RedisClient, prefix: string): Promise<Refusals> {
  const counts = await redis.hmget(`${prefix}meta`, ...NAMES.map((name) => `refused:${name}`));
  return Object.fromEntries(NAMES.map((name, i) => [name, Number(counts[i] ?? 0)])) as unknown as Refusals;
}

/** The refusals of all shards together: a chunk goes to one of them, and a process asks all. */
export function addRefusals(shards: readonly Refusals[]): Refusals {
  const add = (name: keyof Refusals) => shards.reduce((sum, shard) => sum + shard[name], 0);
  return {
    corrupt: add('corrupt'),
    format: add('format'),
    layout: add('layout'),
    size: add('size'),
    process: Math.max(...shards.map((shard) => shard.process)),
  };
}

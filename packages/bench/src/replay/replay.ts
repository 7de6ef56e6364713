import type { RedisOptions } from 'ioredis';
import type { BenchRow } from '../row.ts';
import { benchMemory } from './memory.ts';
import type { Peers } from './peers.ts';
import { benchRedis } from './redis.ts';
import { SHAPES, type Shape } from './shapes.ts';
import { benchTree } from './tree.ts';

/** What is measured, for how long, and beside what. */
export interface BenchReplayOptions {
  /** A Redis that nothing else uses: what it holds is removed. Null: in memory only. */
  readonly redis: RedisOptions | null;
  /** How long a figure of sampling is measured. Default 500. */
  readonly milliseconds?: number;
  /** Figures of other libraries, taken in the same run; those recorded stand in for what is not there. */
  readonly peers?: Peers;
  /** What is moved. Default: `SHAPES`. */
  readonly shapes?: readonly Shape[];
}

/** Transitions and bytes a second, and CPU time a transition, into and out of a replay in memory and on Redis. */
export async function benchReplay(options: BenchReplayOptions): Promise<BenchRow[]> {
  const { redis, milliseconds = 500, peers = {}, shapes = SHAPES } = options;
  const rows: BenchRow[] = benchTree();
  for (const shape of shapes) {
    for (const prioritized of [false, true])
      rows.push(...(await benchMemory(shape, prioritized, milliseconds, peers)));
    if (redis) rows.push(...(await benchRedis(shape, redis, milliseconds, peers)));
  }
  return rows;
}

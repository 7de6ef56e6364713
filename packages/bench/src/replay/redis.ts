import { compressesWell, RedisReplayStore, replayMemory } from '@qfleet/replay';
import { Redis, type RedisOptions } from 'ioredis';
import { type BenchRow, benchRow } from '../row.ts';
import { best, type Cost, measure, middle, rateRow, rowsOf } from './figures.ts';
import { type Peers, referenceTo } from './peers.ts';
import type { ProducerOrder } from './producer.ts';
import { insert, order, startProducers, stopProducers } from './producers.ts';
import { benchReads } from './reads.ts';
import { infoOf, newPrefix, PLENTY, withServer } from './server.ts';
import type { Shape } from './shapes.ts';

const PRODUCERS = [1, 4] as const;
/** Turns that the replay and its limit take. */
const ROUNDS = 7;
/** How much of what Redis moves in plain values an insert is to reach, and how many times Reverb's inserts. */
const OF_SET = 0.7;
const OF_REVERB = 20;

/** A replay on Redis, alternately with the same bytes in plain values of the same size. */
export async function benchRedis(
  shape: Shape,
  options: RedisOptions,
  milliseconds: number,
  peers: Peers,
): Promise<BenchRow[]> {
  const redis = new Redis({ ...options, replyMapping: 'legacy' });
  try {
    const rows: BenchRow[] = [];
    for (const producers of PRODUCERS) rows.push(...(await benchInserts(shape, redis, producers, peers)));
    if (compressesWell(shape.layout)) rows.push(...(await benchPlay(shape, redis, peers)));
    rows.push(...(await benchReads(shape, redis, milliseconds, peers)));
    return rows;
  } finally {
    redis.disconnect();
  }
}

/** From sealed chunks to those in the replay. */
async function benchInserts(shape: Shape, redis: Redis, count: number, peers: Peers): Promise<BenchRow[]> {
  const { producers, value } = await startProducers(shape, redis.options, count);
  const who = `${shape.name}, Redis, insert, ${count === 1 ? '1 producer' : `${count} producers`}`;
  const costs = { set: [] as Cost[], append: [] as Cost[] };
  let memory: BenchRow | undefined;
  const turn = async (kind: ProducerOrder['kind']): Promise<Cost> => {
    const prefix = newPrefix();
    const before = await infoOf(redis, 'memory', 'used_memory');
    const store = await RedisReplayStore.create(redis, prefix, shape.layout, PLENTY);
    const what = { kind, prefix };
    const work = () => (kind === 'append' ? insert(producers, what, store) : order(producers, what));
    const cost = await withServer(redis, () => measure(work, value));
    if (kind === 'append') {
      const used = (await infoOf(redis, 'memory', 'used_memory')) - before;
      const reported = (await replayMemory(redis, prefix)) / cost.transitions;
      memory = benchRow(
        `${shape.name}, Redis, memory as reported`,
        reported,
        'bytes/transition',
        'used_memory',
        used / cost.transitions,
      );
    }
    // A server of the benchmark's own: nothing else is lost.
    await redis.flushdb();
    return cost;
  };
  try {
    await turn('set');
    await turn('append');
    for (let round = 0; round < ROUNDS; round++)
      for (const kind of ['set', 'append'] as const) costs[kind].push(await turn(kind));
    const limit = { name: 'pipelined SET, alternately', ...middle(costs.set) };
    const inserts = middle(costs.append);
    const rows = rowsOf(who, inserts, limit, OF_SET);
    if (count > 1) return rows;
    // Reverb compresses frames: beside it goes what does that too.
    if (!compressesWell(shape.layout))
      rows.push(
        rateRow(who, best(costs.append), referenceTo('reverb', peers, shape.name, 'insert'), OF_REVERB),
      );
    return memory ? [...rows, memory] : rows;
  } finally {
    await stopProducers(producers);
  }
}

/** From a game's frames to the chunks in the replay, compressed by the way. */
async function benchPlay(shape: Shape, redis: Redis, peers: Peers): Promise<BenchRow[]> {
  const { producers, value } = await startProducers(shape, redis.options, 1);
  const costs: Cost[] = [];
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const prefix = newPrefix();
      const store = await RedisReplayStore.create(redis, prefix, shape.layout, PLENTY);
      const play = () => measure(() => insert(producers, { kind: 'play', prefix }, store), value);
      const cost = await withServer(redis, play);
      if (round > 0) costs.push(cost);
      await redis.flushdb();
    }
  } finally {
    await stopProducers(producers);
  }
  const reverb = referenceTo('reverb', peers, shape.name, 'insert');
  return rowsOf(
    `${shape.name}, Redis, insert of a game's frames, 1 producer`,
    best(costs),
    reverb,
    OF_REVERB,
  );
}

import { setImmediate } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import {
  makeTransitionBatch,
  Prefetcher,
  RedisReplayStore,
  Replay,
  type ReplayOptions,
  type ReplayStore,
} from '@qfleet/replay';
import type { Redis } from 'ioredis';
import type { BenchRow } from '../row.ts';
import { type Cost, measure, middle, rateRow, rowsOf } from './figures.ts';
import { BATCH_SIZES, inTurns, PRIORITIZED } from './memory.ts';
import { type Peers, referenceTo } from './peers.ts';
import { insert, startProducers } from './producers.ts';
import { newPrefix, PLENTY, withServer } from './server.ts';
import { CHUNK_LENGTH, type Shape } from './shapes.ts';

/** Turns that following and its limit take, and sampling and its limit. */
const FOLLOW_TURNS = 11;
const SAMPLE_TURNS = 21;
/** The part of the observations that the learner keeps where sampling has to fetch. */
const CACHED_PART = 1 / 8;
/** As a fleet's learner has it. */
const CALLS_AHEAD = 4;
/** How much of what Redis moves reading is to reach, and how many times Reverb's samples. */
const OF_GET = 0.6;
const OF_REVERB = 5;
const LIMIT = 'pipelined GET of the same chunks, alternately';
const KINDS = { uniform: {}, 'prioritized with update': { prioritized: PRIORITIZED } } as const;

/** The learner's side: following, and sampling what is and what is not in its cache. */
export async function benchReads(
  shape: Shape,
  redis: Redis,
  milliseconds: number,
  peers: Peers,
): Promise<BenchRow[]> {
  const { name, layout, chunks } = shape;
  const prefix = newPrefix();
  const { producers, value } = await startProducers(shape, redis.options, 1);
  const refill = async (): Promise<RedisReplayStore> => {
    await redis.flushdb();
    const created = await RedisReplayStore.create(redis, prefix, layout, PLENTY);
    await insert(producers, { kind: 'append', prefix }, created);
    return created;
  };
  const store = await refill();
  const transitions = chunks * CHUNK_LENGTH;
  const options = {
    layout,
    capacity: transitions,
    discount: 0.99,
    unit: { kind: 'transition' as const, nSteps: 1 },
  };

  // Following, over again: a learner's memory has mostly been written before.
  const replay = new Replay(store, options);
  await replay.sync();
  const all = portionsOf(chunks, shape.chunksPerAppend);
  const costs = { ours: [] as Cost[], plain: [] as Cost[] };
  for (let round = 0; round < FOLLOW_TURNS; round++) {
    await refill();
    costs.plain.push(await withServer(redis, () => measure(() => readPlainly(redis, prefix, all), value)));
    costs.ours.push(await withServer(redis, () => measure(() => replay.sync(), value)));
  }
  producers[0].postMessage(null);
  const limit = { name: LIMIT, ...middle(costs.plain) };
  const rows = rowsOf(`${name}, Redis, follow into the index`, middle(costs.ours), limit, OF_GET);

  for (const [kind, prioritized] of Object.entries(KINDS)) {
    const cached = new Replay(store, { ...options, ...prioritized });
    await cached.sync();
    for (const size of BATCH_SIZES) {
      const label = `${name}, Redis, ${kind}, batch ${size}, all in the learner's cache`;
      const { speed, bytes } = await sampleCached(cached, shape, size, milliseconds);
      const reverb = layout.frames === 1 ? referenceTo('reverb', peers, name, size) : null;
      rows.push(...rowsOf(label, { ...speed, megabytesPerSecond: bytes }, reverb, OF_REVERB));
    }
    for (const size of BATCH_SIZES) {
      const label = `${name}, Redis, ${kind}, batch ${size}, ${CACHED_PART} of it in the cache`;
      const cacheBytes = transitions * CACHED_PART * (value - 8);
      const coldOptions = { ...options, ...prioritized, cacheBytes };
      rows.push(...(await benchCold(label, store, redis, prefix, coldOptions, size, value, milliseconds)));
    }
  }
  if (layout.frames > 1) {
    // Reverb's figure is that of single frames.
    const frame = { ...layout, frames: 1 };
    const single = new Replay(store, { ...options, layout: frame });
    await single.sync();
    for (const size of BATCH_SIZES) {
      const label = `${name} as single frames, Redis, uniform, batch ${size}, all in the learner's cache`;
      const { speed } = await sampleCached(single, { ...shape, layout: frame }, size, milliseconds);
      rows.push(rateRow(label, speed, referenceTo('reverb', peers, name, size), OF_REVERB));
    }
  }
  await redis.flushdb();
  return rows;
}

async function sampleCached(replay: Replay, shape: Shape, size: number, milliseconds: number) {
  const batch = makeTransitionBatch(size, shape.layout);
  const random = new Random(size);
  const errors = Float32Array.from({ length: size }, () => random.uniform());
  const bytesEach = (2 * batch.observations.byteLength) / size;
  const speed = await inTurns(
    async () => {
      await replay.sample(batch, random, { beta: 0.4 });
      replay.updatePriorities(batch.handles, errors);
      return size;
    },
    bytesEach,
    milliseconds,
  );
  return { speed, bytes: speed.megabytesPerSecond };
}

/** Sampling as an idle learner does it, alternately with reading the same chunks in the same portions. */
async function benchCold(
  label: string,
  store: ReplayStore,
  redis: Redis,
  prefix: string,
  options: ReplayOptions,
  size: number,
  value: number,
  milliseconds: number,
): Promise<BenchRow[]> {
  const watched = watch(store);
  const replay = new Replay(watched.store, options);
  await replay.sync();
  const { layout } = options;
  const random = new Random(size);
  const errors = Float32Array.from({ length: size }, () => random.uniform());
  const prefetcher = new Prefetcher(replay, random, () => [makeTransitionBatch(size, layout)], CALLS_AHEAD);
  const sample = async (): Promise<number> => {
    const begin = performance.now();
    let samples = 0;
    do {
      for (const { handles } of (await prefetcher.next({ beta: 0.4 }))!)
        replay.updatePriorities(handles, errors);
      samples += size;
    } while (performance.now() - begin < (2 * milliseconds) / SAMPLE_TURNS);
    // As much as was ahead at the beginning is ahead at the end.
    await watched.idle();
    return samples;
  };
  const costs = { ours: [] as Cost[], plain: [] as Cost[] };
  for (let round = 0; round <= SAMPLE_TURNS; round++) {
    watched.fetched.length = 0;
    const ours = await withServer(redis, () => measure(sample, 0));
    const portions = watched.fetched.map((ids) => [...ids]);
    const plain = await withServer(redis, () => measure(() => readPlainly(redis, prefix, portions), 0));
    // The first fills what is ahead.
    if (round === 0) continue;
    const { transitions } = ours;
    const bytes = portions.flat().length * CHUNK_LENGTH * value;
    costs.ours.push({ ...ours, bytes });
    costs.plain.push({ ...plain, transitions, bytes });
  }
  return rowsOf(label, middle(costs.ours), { name: LIMIT, ...middle(costs.plain) }, OF_GET);
}

/** A store whose fetches are remembered. */
function watch(store: ReplayStore) {
  const fetched: (readonly number[])[] = [];
  let underWay = 0;
  const watched: ReplayStore = {
    append: (chunks) => store.append(chunks),
    follow: (after, maxBytes) => store.follow(after, maxBytes),
    recordSampled: (transitions, fence) => store.recordSampled(transitions, fence),
    standing: () => store.standing(),
    close: () => store.close(),
    fetch: async (ids: readonly number[]) => {
      fetched.push(ids);
      underWay++;
      try {
        return await store.fetch(ids);
      } finally {
        underWay--;
      }
    },
  };
  const idle = async (): Promise<void> => {
    do await setImmediate();
    while (underWay > 0);
  };
  return { store: watched, fetched, idle };
}

/** The ids 1 … `chunks`, so many at a time. */
function portionsOf(chunks: number, size: number): number[][] {
  const portions: number[][] = [];
  for (let first = 1; first <= chunks; first += size)
    portions.push(Array.from({ length: Math.min(size, chunks - first + 1) }, (_, i) => first + i));
  return portions;
}

/** The same chunks in the same portions, and nothing done with them. */
async function readPlainly(
  redis: Redis,
  prefix: string,
  portions: readonly (readonly number[])[],
): Promise<number> {
  for (const ids of portions) {
    const pipeline = redis.pipeline();
    for (const id of ids) pipeline.getBuffer(`${prefix}chunk:${id}`);
    await pipeline.exec();
  }
  return portions.flat().length * CHUNK_LENGTH;
}
